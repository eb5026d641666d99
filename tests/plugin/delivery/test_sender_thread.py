"""The sender in threads: delivers while nodes run, waits for nobody who does not answer."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow_on_kedro.delivery import lane_thread, run_lanes
from mlflow_on_kedro.delivery import sender_thread as module
from mlflow_on_kedro.delivery.answer_clock import AnswerClock
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.delivery.mlflow_run import WAITING_TAG, MLflowRun
from mlflow_on_kedro.delivery.pending import PendingSize
from mlflow_on_kedro.delivery.run_delivery import RunDelivery
from mlflow_on_kedro.delivery.sender_thread import SenderThread
from mlflow_on_kedro.errors import ConfigError, MLflowOnKedroError
from mlflow_on_kedro.journal.entries import FILES, VALUES, End, Metric, Param, Text
from mlflow_on_kedro.journal.entry_files import CHUNK_ENTRIES
from mlflow_on_kedro.journal.folder import Journal, new_id
from mlflow_on_kedro.journal.records import Header, Opened
from mlflow_on_kedro.journal.writer import Writer

LIMIT = 60.0
PLUGIN = Path(__file__).parents[3] / "plugin_src"

BROKEN = """
import sys
sys.modules["mlflow"] = None
from pathlib import Path
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.delivery.run_delivery import RunDelivery
from mlflow_on_kedro.delivery.sender_thread import SenderThread
from mlflow_on_kedro.journal.records import Header
header = Header("a", "demo", start_ms=5, root="/")
connection = Connection("sqlite:///" + sys.argv[1] + "/x.db")
sender = SenderThread(
    RunDelivery(header, connection, Path(sys.argv[1]), None), timeout=2, kept_in=None
)
sender.start()
sender.wait_open()
print("delivered:", sender.finish(10, lambda _: None))
"""

Make = Callable[..., SenderThread]


@pytest.fixture
def make(journal: Journal, tmp_path: Path) -> Iterator[Make]:
    """A function: the URI of a store -> a sender of the journal that has been started."""
    made: list[SenderThread] = []

    def make_(uri: str, *, timeout: float = 6.0, **options: Any) -> SenderThread:
        delivery = RunDelivery(journal.header, Connection(uri), tmp_path, journal)
        sender = SenderThread(delivery, timeout=timeout, kept_in=str(journal.folder), **options)
        made.append(sender)
        sender.start()
        return sender

    yield make_
    for sender in made:
        sender.abandon()


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        yield f"http://me:hunter2@127.0.0.1:{listener.getsockname()[1]}"


def closed() -> str:
    """A server that is not there."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://me:hunter2@127.0.0.1:{listener.getsockname()[1]}"


def no_progress(_: float) -> None:
    """Say nothing."""


def the_run(client: Any) -> Any:
    """The only run of the experiment."""
    (run,) = client.search_runs([client.get_experiment_by_name("demo").experiment_id])
    return run


class Stub:
    """A delivery of nothing, for a server that answers at once."""

    uri = "http://127.0.0.1:9"
    journal = None
    opened = Opened("r", "1", "", "")
    status: str | None = None

    def __init__(self) -> None:
        self.clocks = {lane: AnswerClock() for lane in (VALUES, FILES)}
        self.queue: Any = SimpleNamespace(retry_set_aside=lambda **_: None)

    def send_values(self) -> int:
        """Send nothing."""
        return 0

    send_files = close = add_last_files = send_values

    def end(self) -> None:
        """End nothing."""
        self.status = "FINISHED"

    def pending(self) -> PendingSize:
        """Nothing waits."""
        return PendingSize()

    def note_trouble(self, *_: Any) -> None:
        """Note nothing."""


def with_others(others: Iterator[None], timeout: float = 6.0) -> SenderThread:
    """A sender that has nothing to do but others' work."""
    delivery: Any = Stub()
    sender = SenderThread(delivery, timeout=timeout, kept_in=None, backlog=others)
    sender.start()
    return sender


def own_threads() -> list[str]:
    """The names of the plugin's threads that live."""
    return sorted(
        thread.name for thread in threading.enumerate() if thread.name.startswith("mlflow_on_kedro")
    )


class TestDelivery:
    """While MLflow answers."""

    def test_a_run(self, make: Make, journal: Journal, store_uri: str, client: Any) -> None:
        """The run is opened, filled and ended, and its journal is gone."""
        sender = make(store_uri)
        sender.wait_open()
        assert journal.opened == sender.opened is not None
        write = Writer(journal)
        write.append(Param("p", "v"))
        sender.flush(LIMIT)
        assert the_run(client).data.params == {"p": "v"}
        assert the_run(client).info.status == "RUNNING"
        write.append(End("FINISHED", 99))
        assert sender.finish(LIMIT, no_progress)
        info = the_run(client).info
        assert (info.status, info.start_time, info.end_time) == ("FINISHED", 5, 99)
        assert not journal.folder.exists()
        assert not sender.is_failing
        sender.check()

    def test_more_than_a_chunk(
        self, make: Make, journal: Journal, store_uri: str, client: Any
    ) -> None:
        """A flush delivers all that was written before it, however much that is."""
        sender = make(store_uri)
        write = Writer(journal)
        count = 2 * CHUNK_ENTRIES[VALUES] + 10
        for number in range(count):
            write.append(Metric("m", float(number), number, number))
        sender.flush(LIMIT)
        history = client.get_metric_history(the_run(client).info.run_id, "m")
        assert sorted(point.step for point in history) == list(range(count))

    def test_without_a_word(
        self,
        make: Make,
        journal: Journal,
        store_uri: str,
        client: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """It looks for what workers have written by itself, from time to time."""
        monkeypatch.setattr(lane_thread, "INTERVAL_SECONDS", 0.05)
        make(store_uri).wait_open()
        Writer(journal).append(Param("p", "v"))
        deadline = time.monotonic() + LIMIT
        while not the_run(client).data.params and time.monotonic() < deadline:
            time.sleep(0.05)
        assert the_run(client).data.params == {"p": "v"}

    def test_a_run_without_an_end(
        self, make: Make, journal: Journal, store_uri: str, client: Any
    ) -> None:
        """A run that has not said how it ended was killed."""
        Writer(journal).append(Param("p", "v"))
        assert make(store_uri).finish(LIMIT, no_progress)
        assert the_run(client).info.status == "KILLED"

    def test_no_run_of_that_id(self, journal: Journal, store_uri: str, tmp_path: Path) -> None:
        """A ``run.id`` that MLflow has not is raised, whatever ``on_failure`` is."""
        header = Header(new_id(), "demo", start_ms=5, root="/", run_id="0" * 32)
        delivery = RunDelivery(header, Connection(store_uri), tmp_path, None)
        sender = SenderThread(delivery, timeout=6, kept_in=None)
        sender.start()
        sender.wait_open()
        with pytest.raises(ConfigError, match="has no such run"):
            sender.check()
        assert journal.exists()


class TestOutage:
    """While MLflow does not answer."""

    def test_refused(self, make: Make, journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
        """A server that is not there holds nothing up, is said once, and the journal stays."""
        begin = time.monotonic()
        sender = make(closed(), timeout=2)
        sender.wait_open()
        sender.flush(LIMIT)
        assert sender.is_failing
        assert journal.is_failing, "which workers see"
        Writer(journal).append(Param("p", "v"))
        assert not sender.finish(LIMIT, no_progress)
        assert time.monotonic() - begin < LIMIT / 2
        sender.check()
        (record,) = caplog.records
        said = record.getMessage()
        assert "MLflow at http://***@127.0.0.1:" in said
        assert "cannot be reached" in said
        assert "`kedro mlflow sync`" in said
        assert str(journal.folder) in said
        assert "hunter2" not in caplog.text
        assert journal.read({}, VALUES, complete=True).entries == [Param("p", "v")]

    def test_silent(
        self, make: Make, journal: Journal, silent: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """One that takes the connection and never answers holds up no longer than the timeout."""
        sender = make(silent, timeout=1)
        begin = time.monotonic()
        sender.wait_open()
        sender.flush(LIMIT)
        assert sender.is_failing
        assert not sender.finish(LIMIT, no_progress)
        assert time.monotonic() - begin < LIMIT / 2, "MLflow itself waits for 60 s"
        assert journal.exists()
        assert caplog.text.count("kedro mlflow sync") == 1

    def test_raised(self, make: Make) -> None:
        """Where that was chosen, a failure is raised."""
        sender = make(closed(), timeout=2, raising=True)
        sender.wait_open()
        with pytest.raises(MLflowOnKedroError, match=r"\*\*\*@.* cannot be reached") as caught:
            sender.check()
        assert "hunter2" not in str(caught.value)

    def test_it_comes_back(
        self,
        make: Make,
        journal: Journal,
        store_uri: str,
        client: Any,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """When it answers again, all is delivered, and the run ends as ever."""
        monkeypatch.setattr(lane_thread, "LAST_RETRY_SECONDS", 0.1)
        monkeypatch.setattr(lane_thread, "FIRST_RETRY_SECONDS", 0.05)
        real = module.store.connect
        down = threading.Event()
        down.set()

        def connect(uri: str) -> Any:
            if down.is_set():
                raise ConnectionRefusedError("down")
            return real(uri)

        monkeypatch.setattr(module.store, "connect", connect)
        sender = make(store_uri)
        sender.wait_open()
        assert sender.is_failing
        Writer(journal).append(Param("p", "v"))
        down.clear()
        deadline = time.monotonic() + LIMIT
        while journal.is_failing and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not sender.is_failing
        Writer(journal).append(End("FINISHED", 99))
        assert sender.finish(LIMIT, no_progress)
        assert the_run(client).data.params == {"p": "v"}
        assert the_run(client).info.status == "FINISHED"
        assert len(caplog.records) == 1

    def test_mlflow_cannot_be_imported(self, tmp_path: Path) -> None:
        """An MLflow that is broken is a failure like any other: nobody waits for ever."""
        done = subprocess.run(
            [sys.executable, "-c", BROKEN, str(tmp_path)],
            env={**os.environ, "PYTHONPATH": str(PLUGIN)},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout == "delivered: False\n"
        assert done.stderr.count("import of mlflow halted") == 1
        assert "Traceback" not in done.stderr

    def test_a_limit(self, make: Make, store_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """While MLflow answers slowly, the end waits as long as was allowed, and says so."""
        sender = make(store_uri)
        sender.wait_open()
        monkeypatch.setattr(RunDelivery, "send_values", lambda _: time.sleep(0.05) or 1)
        said: list[float] = []
        assert not sender.finish(2.5, said.append)
        assert said == sorted(said)
        assert said[-1] > 2
        sender.flush(0.1)


class TestLanes:
    """Files never hold up values, nor the run's end."""

    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Short pauses."""
        monkeypatch.setattr(lane_thread, "FIRST_RETRY_SECONDS", 0.05)
        monkeypatch.setattr(lane_thread, "LAST_RETRY_SECONDS", 0.1)

    @pytest.fixture
    def log_artifact(self, monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
        """Failures of uploads: while there is one in the list, each upload fails with it."""
        failures: list[Exception] = []
        real = MlflowClient.log_artifact

        def log_artifact(*words: Any) -> None:
            if failures:
                raise failures[0]
            real(*words)

        monkeypatch.setattr(MlflowClient, "log_artifact", log_artifact)
        return failures

    def fill(self, journal: Journal) -> None:
        """Write a file, a value and an end."""
        write = Writer(journal)
        for entry in (Text("a.txt", "a"), Param("p", "v"), End("FINISHED", 99)):
            write.append(entry)

    def test_a_store_that_is_away(
        self,
        make: Make,
        journal: Journal,
        store_uri: str,
        client: Any,
        log_artifact: list[Exception],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Values arrive, the run ends with a tag, and the message names the artifact store."""
        log_artifact.append(ConnectionError("no route"))
        sender = make(store_uri, timeout=1)
        sender.wait_open()
        self.fill(journal)
        sender.flush(LIMIT)
        assert the_run(client).data.params == {"p": "v"}
        assert not sender.is_failing, "nobody needs to wait for files"
        assert not journal.is_failing
        begin = time.monotonic()
        assert not sender.finish(LIMIT, no_progress)
        assert time.monotonic() - begin < LIMIT / 2
        run = the_run(client)
        assert (run.info.status, run.info.end_time) == ("FINISHED", 99)
        assert run.data.tags[WAITING_TAG] == "a.txt"
        assert journal.exists()
        assert journal.ended == "FINISHED"
        assert journal.trouble[FILES].reason == "ConnectionError: no route"
        (record,) = caplog.records
        said = record.getMessage()
        assert said.startswith(f"The artifact store at {run.info.artifact_uri}")
        assert "the files of this run are kept in" in said

    def test_it_comes_back(
        self,
        make: Make,
        journal: Journal,
        store_uri: str,
        client: Any,
        log_artifact: list[Exception],
    ) -> None:
        """A store that answers again before the end has all, and nothing is left of its trouble."""
        log_artifact.append(ConnectionError("no route"))
        sender = make(store_uri)
        self.fill(journal)
        sender.flush(LIMIT)
        assert journal.waiting_files()
        log_artifact.clear()
        assert sender.finish(LIMIT, no_progress)
        run = the_run(client)
        assert [item.path for item in client.list_artifacts(run.info.run_id)] == ["a.txt"]
        assert WAITING_TAG not in run.data.tags
        assert not journal.folder.exists()

    def test_refused(
        self,
        make: Make,
        journal: Journal,
        store_uri: str,
        client: Any,
        log_artifact: list[Exception],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """A file that is refused is set aside, said once, and the run is not whole."""
        log_artifact.append(PermissionError(13, "Permission denied", "/artifacts"))
        sender = make(store_uri)
        self.fill(journal)
        assert not sender.finish(LIMIT, no_progress)
        run = the_run(client)
        assert (run.info.status, run.data.params) == ("FINISHED", {"p": "v"})
        assert run.data.tags[WAITING_TAG] == "a.txt"
        assert sender.pending().is_set_aside_only
        assert caplog.text.count("did not take the artifact a.txt, which is set aside") == 1
        assert not sender.has_warned, "the store is not away"

    @pytest.mark.parametrize("when", ["while it lasts", "at its end"])
    def test_what_may_pass(
        self,
        make: Make,
        journal: Journal,
        store_uri: str,
        client: Any,
        log_artifact: list[Exception],
        monkeypatch: pytest.MonkeyPatch,
        when: str,
    ) -> None:
        """What was refused with an answer that may pass is sent again by the same run."""
        if when == "while it lasts":
            monkeypatch.setattr(run_lanes, "RETRY_SECONDS", 0.1)
            monkeypatch.setattr(lane_thread, "INTERVAL_SECONDS", 0.1)
        log_artifact.append(RuntimeError("failed with error code 503 != 200"))
        sender = make(store_uri)
        self.fill(journal)
        sender.flush(LIMIT)
        assert len(journal.set_aside) == 1
        log_artifact.clear()
        deadline = time.monotonic() + LIMIT
        while when == "while it lasts" and journal.set_aside and time.monotonic() < deadline:
            time.sleep(0.05)
        assert bool(journal.set_aside) is (when == "at its end")
        assert sender.finish(LIMIT, no_progress)
        run = the_run(client)
        assert [item.path for item in client.list_artifacts(run.info.run_id)] == ["a.txt"]
        assert WAITING_TAG not in run.data.tags
        assert not journal.folder.exists()

    def test_slow_files(
        self,
        make: Make,
        journal: Journal,
        store_uri: str,
        client: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """While files arrive the end waits for them a moment, and all is delivered."""
        real = MlflowClient.log_artifact

        def log_artifact(*words: Any) -> None:
            time.sleep(0.5)
            real(*words)

        monkeypatch.setattr(MlflowClient, "log_artifact", log_artifact)
        tags: list[Any] = []
        monkeypatch.setattr(
            MLflowRun,
            "mark_waiting",
            lambda self, client, opened, names: tags.extend(names),  # noqa: ARG005
        )
        sender = make(store_uri)
        self.fill(journal)
        assert sender.finish(LIMIT, no_progress)
        assert tags == [], "no tag is set for a moment"
        assert the_run(client).info.status == "FINISHED"

    def test_memory_too(self, make: Make, journal: Journal, store_uri: str, client: Any) -> None:
        """A flush waits for what the journal could not take, too."""
        sender = make(store_uri)
        sender.wait_open()
        Writer(journal).append(Param("p", "v"))
        sender.remember(Param("q", "v"))
        sender.flush(LIMIT)
        assert the_run(client).data.params == {"p": "v", "q": "v"}


class TestOthers:
    """What else there is to deliver."""

    def test_all(self) -> None:
        """It is all done, by the run's end at the latest."""
        done: list[int] = []

        def others() -> Iterator[None]:
            for number in range(5):
                done.append(number)
                yield

        assert with_others(others()).finish(LIMIT, no_progress)
        assert done == list(range(5))

    def test_own_entries_do_not_wait(self) -> None:
        """A flush waits for none of it but the piece that is at work."""
        pieces: list[int] = []

        def others() -> Iterator[None]:
            for number in range(1000):
                pieces.append(number)
                time.sleep(0.1)
                yield

        sender = with_others(others(), timeout=LIMIT)
        for _ in range(3):
            sender.flush(LIMIT)
        assert len(pieces) < 50
        sender.abandon()

    def test_one_that_hangs(self, caplog: pytest.LogCaptureFixture) -> None:
        """One that hangs neither keeps the run from ending nor counts as its failure."""
        release = threading.Event()

        def others() -> Iterator[None]:
            release.wait(LIMIT)
            yield

        sender = with_others(others(), timeout=1)
        time.sleep(1)
        assert sender.finish(LIMIT, no_progress)
        release.set()
        sender.check()
        assert sender.failure is None
        assert not caplog.records


class TestProcess:
    """Threads in a process that forks or ends."""

    def test_no_second_thread(self, make: Make, silent: str, journal: Journal) -> None:
        """However long a server does not answer, each lane has one thread, to the end."""
        before = own_threads()
        sender = make(silent, timeout=1)
        Writer(journal).append(Param("p", "v"))
        sender.wait_open()
        sender.flush(LIMIT)
        assert not sender.finish(LIMIT, no_progress)
        made = [name for name in own_threads() if name not in before]
        assert set(made) <= {"mlflow_on_kedro values", "mlflow_on_kedro files"}
        assert len(own_threads()) - len(before) <= 2

    def test_no_new_thread(
        self, make: Make, silent: str, journal: Journal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where no thread can be started any more, as at exit, it gives up in time."""
        sender = make(silent, timeout=1)
        sender.wait_open()

        def no_thread(_: threading.Thread) -> None:
            raise RuntimeError("can't create new thread at interpreter shutdown")

        monkeypatch.setattr(threading.Thread, "start", no_thread)
        begin = time.monotonic()
        assert not sender.finish(LIMIT, no_progress)
        assert time.monotonic() - begin < LIMIT / 2
        assert journal.exists()

    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    def test_forks_meanwhile(
        self, make: Make, journal: Journal, store_uri: str, client: Any
    ) -> None:
        """A child that is forked while the sender works can call MLflow itself."""
        sender = make(store_uri)
        sender.wait_open()
        write = Writer(journal)
        for number in range(8):
            for point in range(50):
                write.append(Metric(f"m{number}", 1.0, point, point))
            sender.nudge()
            child = os.fork()
            if child == 0:
                found = module.store.connect(store_uri).search_experiments()
                os._exit(0 if found else 1)
            deadline = time.monotonic() + LIMIT
            ended = 0
            while not ended and time.monotonic() < deadline:
                ended, status = os.waitpid(child, os.WNOHANG)
                time.sleep(0.01)
            if not ended:
                os.kill(child, 9)
                os.waitpid(child, 0)
            assert ended, "the child hangs"
            assert os.waitstatus_to_exitcode(status) == 0
        sender.flush(LIMIT)
        assert len(the_run(client).data.metrics) == 8

    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    def test_a_fork_does_not_wait_for_a_server(self, make: Make, silent: str) -> None:
        """A server that does not answer does not hold up a fork."""
        sender = make(silent, timeout=1)
        sender.wait_open()
        begin = time.monotonic()
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        assert time.monotonic() - begin < LIMIT / 2

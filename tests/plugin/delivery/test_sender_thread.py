"""The courier: delivers while nodes run, waits for nobody who does not answer."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.delivery import courier as module
from mlflow_on_kedro.delivery.courier import Courier
from mlflow_on_kedro.delivery.parcel import Parcel
from mlflow_on_kedro.errors import ConfigError, MLflowOnKedroError
from mlflow_on_kedro.journal.entries import End, Metric, Param
from mlflow_on_kedro.journal.folder import CHUNK_ENTRIES, Journal, new_id
from mlflow_on_kedro.journal.records import Header, Opened
from mlflow_on_kedro.journal.writer import Writer

LIMIT = 60.0
PLUGIN = Path(__file__).parents[3] / "plugin_src"

BROKEN = """
import sys
sys.modules["mlflow"] = None
from pathlib import Path
from mlflow_on_kedro.delivery.courier import Courier
from mlflow_on_kedro.journal.records import Header
from mlflow_on_kedro.delivery.parcel import Parcel
header = Header("a", "demo", start_ms=5, root="/")
parcel = Parcel(header, "sqlite:///" + sys.argv[1] + "/x.db", Path(sys.argv[1]), None)
courier = Courier(parcel, timeout=2, kept=None)
courier.start()
courier.wait_open()
print("delivered:", courier.finish(10, lambda _: None))
"""

Make = Callable[..., Courier]


@pytest.fixture
def make(journal: Journal, tmp_path: Path) -> Iterator[Make]:
    """A function: the URI of a store -> a courier for the journal that has been started."""
    made: list[Courier] = []

    def make_(uri: str, *, timeout: float = 6.0, **options: Any) -> Courier:
        parcel = Parcel(journal.header, uri, tmp_path, journal)
        courier = Courier(parcel, timeout=timeout, kept=str(journal.folder), **options)
        made.append(courier)
        courier.start()
        return courier

    yield make_
    for courier in made:
        courier.abandon()


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
    """A parcel of nothing, for a server that answers at once."""

    uri = "http://127.0.0.1:9"
    journal = None
    opened = Opened("r", "1", "", "")

    def __init__(self) -> None:
        self.finished = 0

    def watch(self, on_call: Callable[[], None]) -> None:
        """Call nothing."""

    def again(self) -> Stub:
        """The same."""
        return self

    def open(self) -> None:
        """Open nothing."""

    def step(self) -> bool:
        """Deliver nothing."""
        return False

    def finish(self) -> None:
        """End nothing."""
        self.finished += 1

    def left(self) -> Any:
        """Nothing is left."""
        from mlflow_on_kedro.delivery.parcel import Left

        return Left()


def with_others(others: Iterator[None], timeout: float = 6.0) -> Courier:
    """A courier that has nothing to do but others' work."""
    parcel: Any = Stub()
    courier = Courier(parcel, timeout=timeout, kept=None, others=others)
    courier.start()
    return courier


class TestDelivery:
    """While MLflow answers."""

    def test_a_run(self, make: Make, journal: Journal, store_uri: str, client: Any) -> None:
        """The run is opened, filled and ended, and its journal is gone."""
        courier = make(store_uri)
        courier.wait_open()
        assert journal.opened == courier.parcel.opened is not None
        write = Writer(journal)
        write.append(Param("p", "v"))
        courier.flush(LIMIT)
        assert the_run(client).data.params == {"p": "v"}
        assert the_run(client).info.status == "RUNNING"
        write.append(End("FINISHED", 99))
        assert courier.finish(LIMIT, no_progress)
        info = the_run(client).info
        assert (info.status, info.start_time, info.end_time) == ("FINISHED", 5, 99)
        assert not journal.folder.exists()
        assert not courier.failing
        courier.check()

    def test_more_than_a_chunk(
        self, make: Make, journal: Journal, store_uri: str, client: Any
    ) -> None:
        """A flush delivers all that was written before it, however much that is."""
        courier = make(store_uri)
        write = Writer(journal)
        count = 2 * CHUNK_ENTRIES + 10
        for number in range(count):
            write.append(Metric("m", float(number), number, number))
        courier.flush(LIMIT)
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
        monkeypatch.setattr(module, "INTERVAL_SECONDS", 0.05)
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
        parcel = Parcel(header, store_uri, tmp_path, None)
        courier = Courier(parcel, timeout=6, kept=None)
        courier.start()
        courier.wait_open()
        with pytest.raises(ConfigError, match="has no such run"):
            courier.check()
        assert journal.is_here()


class TestOutage:
    """While MLflow does not answer."""

    def test_refused(self, make: Make, journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
        """A server that is not there holds nothing up, is said once, and the journal stays."""
        begin = time.monotonic()
        courier = make(closed(), timeout=2)
        courier.wait_open()
        courier.flush(LIMIT)
        assert courier.failing
        assert journal.is_failing, "which workers see"
        Writer(journal).append(Param("p", "v"))
        assert not courier.finish(LIMIT, no_progress)
        assert time.monotonic() - begin < LIMIT / 2
        courier.check()
        (record,) = caplog.records
        said = record.getMessage()
        assert "MLflow at http://***@127.0.0.1:" in said
        assert "cannot be reached" in said
        assert "`kedro mlflow sync`" in said
        assert str(journal.folder) in said
        assert "hunter2" not in caplog.text
        assert journal.read({}, complete=True).entries == [Param("p", "v")]

    def test_silent(
        self, make: Make, journal: Journal, silent: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """One that takes the connection and never answers holds up no longer than the timeout."""
        courier = make(silent, timeout=1)
        begin = time.monotonic()
        courier.wait_open()
        courier.flush(LIMIT)
        assert courier.failing
        assert not courier.finish(LIMIT, no_progress)
        assert time.monotonic() - begin < LIMIT / 2, "MLflow itself waits for 60 s"
        assert journal.is_here()
        assert caplog.text.count("kedro mlflow sync") == 1

    def test_raised(self, make: Make) -> None:
        """Where that was chosen, a failure is raised."""
        courier = make(closed(), timeout=2, raising=True)
        courier.wait_open()
        with pytest.raises(MLflowOnKedroError, match=r"\*\*\*@.* cannot be reached") as caught:
            courier.check()
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
        monkeypatch.setattr(module, "LAST_RETRY_SECONDS", 0.1)
        monkeypatch.setattr(module, "FIRST_RETRY_SECONDS", 0.05)
        real = module.store.connect
        down = threading.Event()
        down.set()

        def connect(uri: str) -> Any:
            if down.is_set():
                raise ConnectionRefusedError("down")
            return real(uri)

        monkeypatch.setattr(module.store, "connect", connect)
        courier = make(store_uri)
        courier.wait_open()
        assert courier.failing
        Writer(journal).append(Param("p", "v"))
        down.clear()
        deadline = time.monotonic() + LIMIT
        while journal.is_failing and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not courier.failing
        Writer(journal).append(End("FINISHED", 99))
        assert courier.finish(LIMIT, no_progress)
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
        monkeypatch.setattr(Parcel, "step", lambda _: time.sleep(0.05) or True)
        courier = make(store_uri)
        courier.wait_open()
        said: list[float] = []
        assert not courier.finish(2.5, said.append)
        assert 1 <= len(said) <= 4
        courier.flush(0.1)


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

        courier = with_others(others(), timeout=LIMIT)
        for _ in range(3):
            courier.flush(LIMIT)
        assert len(pieces) < 50
        courier.abandon()

    def test_one_that_hangs(self, caplog: pytest.LogCaptureFixture) -> None:
        """One that hangs neither keeps the run from ending nor counts as its failure."""
        release = threading.Event()

        def others() -> Iterator[None]:
            release.wait(LIMIT)
            yield

        courier = with_others(others(), timeout=1)
        time.sleep(1)
        assert courier.finish(LIMIT, no_progress)
        release.set()
        courier.check()
        assert courier.failure is None
        assert not caplog.records


class TestProcess:
    """A thread in a process that forks or ends."""

    def test_no_new_thread(
        self, make: Make, silent: str, journal: Journal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where no thread can be started any more, as at exit, it gives up in time."""
        courier = make(silent, timeout=1)
        courier.wait_open()

        def no_thread(_: threading.Thread) -> None:
            raise RuntimeError("can't create new thread at interpreter shutdown")

        monkeypatch.setattr(threading.Thread, "start", no_thread)
        begin = time.monotonic()
        assert not courier.finish(LIMIT, no_progress)
        assert time.monotonic() - begin < LIMIT / 2
        assert journal.is_here()

    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    def test_forks_meanwhile(
        self, make: Make, journal: Journal, store_uri: str, client: Any
    ) -> None:
        """A child that is forked while the courier works can call MLflow itself."""
        courier = make(store_uri)
        courier.wait_open()
        write = Writer(journal)
        for number in range(8):
            for point in range(50):
                write.append(Metric(f"m{number}", 1.0, point, point))
            courier.nudge()
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
        courier.flush(LIMIT)
        assert len(the_run(client).data.metrics) == 8

    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    def test_a_fork_does_not_wait_for_a_server(self, make: Make, silent: str) -> None:
        """A server that does not answer does not hold up a fork."""
        courier = make(silent, timeout=1)
        courier.wait_open()
        begin = time.monotonic()
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        assert time.monotonic() - begin < LIMIT / 2

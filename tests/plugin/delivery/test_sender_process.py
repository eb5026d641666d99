"""The sender in a process of its own: what it delivers, says and survives."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.delivery import sender_process as module
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.delivery.run_delivery import RunDelivery
from mlflow_on_kedro.delivery.sender_process import SenderProcess, is_faster
from mlflow_on_kedro.delivery.sender_thread import SenderThread
from mlflow_on_kedro.errors import ConfigError, MLflowOnKedroError
from mlflow_on_kedro.journal.entries import End, Metric, Param
from mlflow_on_kedro.journal.folder import Journal, new_id
from mlflow_on_kedro.journal.records import Header, Opened
from mlflow_on_kedro.journal.writer import Writer

LIMIT = 60.0
PLUGIN = Path(__file__).parents[3] / "plugin_src"

# A run whose process ends without a word, while a child that it has forked lives on.
KILLED = """
import os, signal, sys, time
from pathlib import Path
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.journal.entries import Param
from mlflow_on_kedro.journal.records import Watched
from mlflow_on_kedro.journal.snapshot import state_of
from mlflow_on_kedro.runs.run_request import RunRequest
from mlflow_on_kedro.runs.run_lifecycle import RunLifecycle

config = parse({"tracking": {"uri": sys.argv[1]}})
recording = RunLifecycle(RunRequest(config=config, root=Path.cwd(), package="demo"))
recording.open()
recording.outbox.put(Param("p", "v"))
for name, seconds in (("earlier", 4), ("whole", 4), ("half", 0)):
    file = Path(f"{name}.ckpt").absolute()
    file.write_text(name)
    os.utime(file, (time.time() - seconds,) * 2)
earlier = file.with_name("earlier.ckpt")
recording.journal.watched = Watched(["*.ckpt"], {earlier: state_of(earlier)})
assert "mlflow" not in sys.modules
if os.fork() == 0:
    time.sleep(30)
    os._exit(0)
os.kill(os.getpid(), signal.SIGKILL)
"""

Make = Callable[..., SenderProcess]


@pytest.fixture
def make(tmp_path: Path, journal: Journal) -> Iterator[Make]:
    """A function: the URI of a store -> a process that delivers the journal, started."""
    made: list[SenderProcess] = []

    def make_(
        uri: str, *, of: Journal = journal, timeout: float = 6.0, raising: bool = False
    ) -> SenderProcess:
        def stand_in() -> SenderThread:
            delivery = RunDelivery(of.header, Connection(uri), tmp_path, of)
            return SenderThread(delivery, timeout=timeout, kept_in=str(of.folder))

        order = {"uri": uri, "root": str(tmp_path), "timeout": timeout, "limit": LIMIT}
        order |= {"background": False, "raising": raising, "headers": {}}
        sender = SenderProcess(of, order, stand_in)
        made.append(sender)
        sender.start()
        return sender

    yield make_
    for sender in made:
        sender.abandon()


def silence(_: float) -> None:
    """Take no notice of progress."""


def closed() -> str:
    """A server that is not there."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://me:hunter2@127.0.0.1:{listener.getsockname()[1]}"


def run_of(client: Any) -> Any:
    """The only run of the experiment."""
    (run,) = client.search_runs([client.get_experiment_by_name("demo").experiment_id])
    return run


class TestDelivering:
    """What reaches MLflow."""

    def test_all(self, make: Make, journal: Journal, store_uri: str, client: Any) -> None:
        """What the journal holds, and the run's end; then the journal is gone."""
        sender = make(store_uri)
        writer = Writer(journal)
        writer.append(Param("p", "v"))
        writer.append(Metric("m", 0.5, 1000))
        sender.flush(LIMIT)
        assert run_of(client).data.params == {"p": "v"}
        assert run_of(client).info.status == "RUNNING"
        writer.append(End("FINISHED", 5000))
        assert sender.finish(LIMIT, silence)
        run = run_of(client)
        assert run.data.metrics == {"m": 0.5}
        assert (run.info.status, run.info.end_time) == ("FINISHED", 5000)
        assert sender.status == "FINISHED"
        assert sender.opened is not None
        assert sender.opened.run_id == run.info.run_id
        assert not journal.folder.exists()

    def test_in_the_background(
        self, make: Make, journal: Journal, store_uri: str, client: Any
    ) -> None:
        """With no time to wait, the end returns, and the process delivers the rest and ends."""
        sender = make(store_uri)
        Writer(journal).append(Param("p", "v"))
        Writer(journal).append(End("FINISHED", 5000))
        assert not sender.finish(0.0, silence)
        assert sender.continues_after_exit
        assert sender.opened is None  # MLflow is still being imported there
        process = sender._pipe._process
        assert process is not None
        assert process.wait(LIMIT) == 0
        run = run_of(client)
        assert (run.info.status, run.data.params) == ("FINISHED", {"p": "v"})
        assert not journal.folder.exists()

    def test_what_the_disk_does_not_take(
        self, make: Make, journal: Journal, store_uri: str, client: Any
    ) -> None:
        """Entries that the journal could not take are told to the process."""
        sender = make(store_uri)
        sender.remember(Param("p", "v"))
        Writer(journal).append(End("FINISHED", 5000))
        assert sender.finish(LIMIT, silence)
        assert run_of(client).data.params == {"p": "v"}

    def test_messages(
        self,
        make: Make,
        journal: Journal,
        store_uri: str,
        client: Any,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """What it has to say is in this process's log, under its own name and level."""
        writer = Writer(journal)
        writer.append(Param("p", "v"))
        writer.append(Param("p", "other"))
        sender = make(store_uri)
        sender.flush(LIMIT)
        assert run_of(client).data.tags["param_changed.p"] == "other"
        (record,) = (item for item in caplog.records if item.levelno == logging.WARNING)
        assert record.name == "mlflow_on_kedro.journal.changed_params"
        assert "Parameter 'p' was logged as 'v'" in record.getMessage()

    def test_the_run_is_announced(self, make: Make, journal: Journal, store_uri: str) -> None:
        """As soon as MLflow has the run, and not only at an answer, this process knows of it."""
        announced: list[Opened] = []
        sender = make(store_uri)
        sender._on_opened = announced.append
        deadline = time.monotonic() + LIMIT
        while not announced and time.monotonic() < deadline:
            time.sleep(0.05)
        assert announced == [journal.opened]

    @pytest.mark.skipif(sys.platform == "win32", reason="POSIX's way to end a process")
    @pytest.mark.parametrize("when", ["before", "meanwhile"])
    def test_lost(
        self, when: str, make: Make, journal: Journal, store_uri: str, client: Any
    ) -> None:
        """If the process is killed, a thread delivers the rest to the same run."""
        sender = make(store_uri)
        assert sender._pipe.pid is not None
        assert sender._pipe._process is not None
        if when == "meanwhile":
            Writer(journal).append(Param("p", "v"))
            sender.flush(LIMIT)
        os.kill(sender._pipe.pid, signal.SIGKILL)
        sender._pipe._process.wait()
        Writer(journal).append(Param("q", "w"))
        Writer(journal).append(End("FINISHED", 5000))
        sender.nudge()
        assert sender.finish(LIMIT, silence)
        run = run_of(client)
        assert run.data.params == ({"q": "w"} if when == "before" else {"p": "v", "q": "w"})
        assert run.info.status == "FINISHED"

    def test_no_python(
        self,
        make: Make,
        journal: Journal,
        store_uri: str,
        client: Any,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Where no process can be started, a thread delivers."""
        monkeypatch.setattr(sys, "executable", str(PLUGIN / "no-python"))
        sender = make(store_uri)
        Writer(journal).append(End("FINISHED", 5000))
        assert sender.finish(LIMIT, silence)
        assert run_of(client).info.status == "FINISHED"


class TestFailures:
    """What becomes of a run whose MLflow does not answer."""

    def test_no_server(
        self, make: Make, journal: Journal, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is said once, without the password, and the journal stays."""
        sender = make(closed(), timeout=2)
        sender.wait_open()
        assert sender.is_failing
        Writer(journal).append(End("FINISHED", 5000))
        assert not sender.finish(LIMIT, silence)
        assert journal.exists()
        assert sender.has_warned
        assert caplog.text.count("cannot be reached") == 1
        assert "hunter2" not in caplog.text
        assert str(journal.folder) in caplog.text

    def test_raised_where_chosen(self, make: Make) -> None:
        """With ``on_failure: raise`` what has failed is raised in this process."""
        sender = make(closed(), timeout=2, raising=True)
        sender.wait_open()
        with pytest.raises(MLflowOnKedroError, match="cannot be reached, and"):
            sender.check()

    def test_no_such_run(self, make: Make, tmp_path: Path, store_uri: str) -> None:
        """A ``run.id`` that names no run is the user's mistake, whatever was chosen."""
        header = Header(new_id(), "demo", start_ms=5, root=str(tmp_path), run_id="f" * 32)
        journal = Journal.create(tmp_path / ".mlflow_on_kedro" / "journal", header)
        sender = make(store_uri, of=journal)
        sender.wait_open()
        with pytest.raises(ConfigError, match="f" * 32):
            sender.check()
        journal.release()

    @pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="it is read in /proc")
    def test_nothing_secret_is_in_sight(self, make: Make) -> None:
        """The URI's password is in neither the process's arguments nor its environment."""
        sender = make(closed())
        place = Path(f"/proc/{sender._pipe.pid}")
        for name in ("cmdline", "environ"):
            assert b"hunter2" not in (place / name).read_bytes()


class TestDeath:
    """What becomes of a run whose own process dies."""

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX's signals")
    def test_killed_at_once(self, tmp_path: Path, store_uri: str, client: Any) -> None:
        """After SIGKILL the run is KILLED, with its values and files, before anything else runs."""
        env = {**os.environ, "PYTHONPATH": str(PLUGIN)}
        command = [sys.executable, "-c", KILLED, store_uri]
        done = subprocess.run(command, cwd=tmp_path, env=env, check=False)
        assert done.returncode == -signal.SIGKILL
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            if (tmp_path / ".mlflow_on_kedro" / "journal").exists() and not any(
                (tmp_path / ".mlflow_on_kedro" / "journal").iterdir()
            ):
                break
            time.sleep(0.1)
        run = run_of(client)
        assert run.info.status == "KILLED"
        assert run.data.params == {"p": "v"}
        assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["whole.ckpt"]


class TestIsWorthIt:
    """When a process is started at all."""

    @pytest.fixture(autouse=True)
    def _first_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module._Started, "once", False)
        monkeypatch.setattr(module.import_watch, "is_imported", lambda: False)

    def test_at_first(self) -> None:
        """For the first run of a process that has not imported MLflow."""
        assert is_faster()

    def test_not_where_mlflow_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not where MLflow is imported already."""
        monkeypatch.setattr(module.import_watch, "is_imported", lambda: True)
        assert not is_faster()

    def test_not_again(self, make: Make) -> None:
        """Not for later runs, as of a service."""
        make(closed())
        assert not is_faster()

    @pytest.mark.parametrize("program", ["", "/usr/bin/uwsgi", None])
    def test_not_without_python(self, program: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not where Python is within another program."""
        monkeypatch.setattr(sys, "executable", program)
        assert not is_faster()

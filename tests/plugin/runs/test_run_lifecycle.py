"""A pipeline's run from beginning to end, in the process that runs the pipeline."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.delivery.backlog import find
from mlflow_on_kedro.delivery.sender_process import SenderProcess
from mlflow_on_kedro.delivery.sender_thread import SenderThread
from mlflow_on_kedro.journal.entries import VALUES, End, Metric, Param, Text
from mlflow_on_kedro.journal.folder import HEADER
from mlflow_on_kedro.runs.run_lifecycle import RunLifecycle
from mlflow_on_kedro.runs.run_request import RunRequest
from mlflow_on_kedro.tracking import request_headers

PLUGIN = Path(__file__).parents[3] / "plugin_src"


def record(root: Path, **sections: Any) -> RunLifecycle:
    """A recording of a run; its arguments are sections of mlflow.yml."""
    return RunLifecycle(RunRequest(config=parse(sections), root=root, package="demo"))


class Headers:
    """Headers as a user's class gives them."""

    def in_context(self) -> bool:
        """Whether there are any."""
        return True

    def request_headers(self) -> dict[str, str]:
        """The headers."""
        return {"X-Team": "wine"}


def run_of(client: Any) -> Any:
    """The only run of the experiment."""
    (run,) = client.search_runs([client.get_experiment_by_name("demo").experiment_id])
    return run


class TestEnd:
    """How a run ends."""

    def test_once(self, tmp_path: Path, store_uri: str, client: Any) -> None:
        """Who ends it first says how; a second end changes nothing."""
        recording = record(tmp_path, tracking={"uri": store_uri})
        recording.open()
        recording.end("FAILED")
        recording.end("FINISHED")
        assert run_of(client).info.status == "FAILED"
        assert find(tmp_path) == []

    def test_offline(
        self, tmp_path: Path, store_uri: str, client: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Offline it is kept with its end, for anybody to deliver; that is no warning."""
        caplog.set_level("INFO")
        recording = record(tmp_path, tracking={"uri": store_uri, "mode": "offline"})
        recording.open()
        recording.outbox.put(Param("p", "v"))
        recording.end("FINISHED")
        assert client.get_experiment_by_name("demo") is None
        (journal,) = find(tmp_path)
        journal.hold()
        journal.release()
        entries = journal.read({}, VALUES, complete=True).entries
        assert entries[0] == Param("p", "v")
        assert isinstance(entries[1], End)
        assert journal.header.uri is None
        assert "kedro mlflow sync" in caplog.text
        assert all(item.levelname == "INFO" for item in caplog.records)

    def test_no_credentials_on_disk(self, tmp_path: Path) -> None:
        """The journal has the store's address without its password."""
        uri = "http://me:hunter2@127.0.0.1:9"
        recording = record(tmp_path, tracking={"uri": uri, "timeout": 1})
        recording.open()
        recording.end("FINISHED")
        (journal,) = find(tmp_path)
        assert journal.header.uri == "http://127.0.0.1:9"
        for path in journal.folder.rglob("*"):
            assert not path.is_file() or b"hunter2" not in path.read_bytes()
        assert (journal.folder / HEADER).is_file()

    def test_a_folder_that_cannot_be_written(
        self, tmp_path: Path, store_uri: str, client: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Without a journal the run is delivered from memory, and that is said."""
        (tmp_path / ".mlflow_on_kedro").write_text("no folder")
        recording = record(tmp_path, tracking={"uri": store_uri})
        recording.open()
        recording.outbox.put(Param("p", "v"))
        recording.end("FINISHED")
        assert run_of(client).data.params == {"p": "v"}
        assert run_of(client).info.status == "FINISHED"
        assert caplog.text.count("The journal of this run cannot be written") == 1

    def test_neither_a_folder_nor_a_server(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Offline and without a journal all is lost, and nothing else is said."""
        (tmp_path / ".mlflow_on_kedro").write_text("no folder")
        recording = record(tmp_path, tracking={"mode": "offline"})
        recording.open()
        recording.outbox.put(Param("p", "v"))
        recording.end("FINISHED")
        (message,) = (item.getMessage() for item in caplog.records)
        assert "what it logs from now on is lost" in message
        assert "goes on" not in message


class TestRefused:
    """A run of which MLflow refuses something."""

    @pytest.mark.parametrize("delivery", ["thread", "process"])
    def test_the_rest_ends(
        self, tmp_path: Path, store_uri: str, client: Any, delivery: str, caplog: Any
    ) -> None:
        """All else arrives, the run ends, and what was refused is kept, which is said."""
        recording = record(tmp_path, tracking={"uri": store_uri, "delivery": delivery})
        recording.open()
        recording.outbox.put(Metric("..", 1.0, 5))
        recording.outbox.put(Param("p", "v"))
        recording.end("FINISHED")
        run = run_of(client)
        assert (run.info.status, run.data.params) == ("FINISHED", {"p": "v"})
        (journal,) = find(tmp_path)
        assert [item.entry for item in journal.set_aside] == [Metric("..", 1.0, 5)]
        assert journal.ended == "FINISHED"
        assert "(1 refused entry) is kept in" in caplog.text
        journal.hold()
        journal.hold_sender()
        journal.release()


class TestDelivery:
    """What delivers: a thread or a process."""

    @pytest.mark.parametrize(
        ("uri", "tracking", "kind"),
        [
            ("sqlite:///mlflow.db", {"delivery": "process"}, SenderProcess),
            ("https://mlflow.example.com", {"delivery": "process"}, SenderProcess),
            ("sqlite:///mlflow.db", {"delivery": "thread"}, SenderThread),
            ("sqlite:///mlflow.db", {}, SenderThread),  # MLflow is imported here
            ("sqlite:///:memory:", {"delivery": "process"}, SenderThread),
            ("databricks", {"delivery": "process"}, SenderThread),
        ],
    )
    def test_choice(self, uri: str, tracking: dict[str, str], kind: type, tmp_path: Path) -> None:
        """A process where it is chosen or faster, and where it can open the store."""
        import mlflow  # noqa: F401

        recording = record(tmp_path, tracking={"uri": uri, **tracking})
        assert type(recording._sender) is kind

    def test_headers_of_a_class(self, tmp_path: Path) -> None:
        """A thread where a class of the user's gives the headers."""
        request_headers.use({"type": f"{__name__}.Headers"})
        recording = record(tmp_path, tracking={"uri": "https://x", "delivery": "process"})
        assert type(recording._sender) is SenderThread
        request_headers.use({})

    def test_in_a_process(self, tmp_path: Path, store_uri: str, client: Any) -> None:
        """A process delivers the same run."""
        recording = record(tmp_path, tracking={"uri": store_uri, "delivery": "process"})
        recording.open()
        recording.outbox.put(Param("p", "v"))
        recording.end("FINISHED")
        assert run_of(client).data.params == {"p": "v"}
        assert run_of(client).info.status == "FINISHED"
        assert find(tmp_path) == []


class TestWaiting:
    """The end of a run while something large is still being delivered."""

    @pytest.fixture
    def slow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have uploads take three seconds, and a message come after one."""
        from mlflow import MlflowClient
        from mlflow_on_kedro.runs import run_messages

        def upload(*_: Any) -> None:
            time.sleep(3)

        monkeypatch.setattr(run_messages, "PROGRESS_SECONDS", 1.0)
        monkeypatch.setattr(MlflowClient, "log_text", upload)
        monkeypatch.setattr(MlflowClient, "log_artifact", upload)

    @pytest.mark.usefixtures("slow")
    def test_what_is_delivered_is_said(
        self, tmp_path: Path, store_uri: str, client: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """After a while the user reads what the end waits for, and then it ends."""
        caplog.set_level("INFO", "mlflow_on_kedro")
        recording = record(tmp_path, tracking={"uri": store_uri})
        recording.open()
        recording.outbox.put(Text("large.txt", "x" * 2000))
        recording.end("FINISHED")
        said = [item.getMessage() for item in caplog.records]
        waits = [line for line in said if line.startswith("Delivering to MLflow: ")]
        assert waits
        assert "1 artifact (2 kB) to go" in waits[0]
        assert run_of(client).info.status == "FINISHED"

    @pytest.mark.usefixtures("slow")
    def test_only_so_long(
        self, tmp_path: Path, store_uri: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """After ``tracking.wait_at_end`` the rest is left to ``kedro mlflow sync``."""
        recording = record(tmp_path, tracking={"uri": store_uri, "wait_at_end": 0.2})
        recording.open()
        recording.outbox.put(Text("large.txt", "x" * 2000))
        recording.end("FINISHED")
        (journal,) = find(tmp_path)
        assert "what waits (1 artifact (2 kB)) is kept in" in caplog.text
        assert "The next run here delivers it, or `kedro mlflow sync " in caplog.text
        assert journal.waiting_files()


EXIT = """
import os, sys, warnings
from pathlib import Path
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.runs.run_request import RunRequest
from mlflow_on_kedro.runs.run_lifecycle import RunLifecycle
warnings.simplefilter("ignore")
config = parse({"tracking": {"uri": sys.argv[1], "wait_at_end": float(sys.argv[2])}})
recording = RunLifecycle(RunRequest(config=config, root=Path.cwd(), package="demo"))
recording.open()
"""


def run_script(
    script: str, uri: str, wait_at_end: float = 300.0
) -> subprocess.CompletedProcess[str]:
    """Run a script in which a run is open."""
    return subprocess.run(
        [sys.executable, "-c", EXIT + textwrap.dedent(script), uri, str(wait_at_end)],
        env={**os.environ, "PYTHONPATH": str(PLUGIN)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_not_waiting(store_uri: str, client: Any, tmp_path: Path) -> None:
    """With ``tracking.wait_at_end: 0`` the process ends, and another one delivers the run."""
    script = """
        from mlflow_on_kedro.journal.entries import Param
        recording.outbox.put(Param("p", "v"))
        recording.end("FINISHED")
        print(recording.opened)
    """
    done = run_script(script, store_uri, wait_at_end=0)
    assert (done.returncode, done.stdout) == (0, "None\n"), done.stderr
    deadline = time.monotonic() + 60.0
    while find(tmp_path):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert run_of(client).info.status == "FINISHED"
    assert run_of(client).data.params == {"p": "v"}


class TestExit:
    """A process that ends without ending its run."""

    def test_exit(self, store_uri: str, client: Any, tmp_path: Path) -> None:
        """The run is KILLED, and nothing of it is left on disk."""
        done = run_script("sys.exit(3)", store_uri)
        assert done.returncode == 3, done.stderr
        assert "Traceback" not in done.stderr
        deadline = time.monotonic() + 60
        while find(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.1)  # on a busy machine it is delivered in the background
        assert run_of(client).info.status == "KILLED"
        assert find(tmp_path) == []

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    def test_a_forked_child(self, store_uri: str, client: Any, tmp_path: Path) -> None:
        """A child that a node forks ends no run of its parent's, and is not held up by it."""
        script = """
        import time
        child = os.fork()
        if child == 0:
            sys.exit(0)
        begin = time.monotonic()
        os.waitpid(child, 0)
        (journal,) = Path(".mlflow_on_kedro/journal").iterdir()
        print([path.read_text() for path in journal.glob("*.jsonl")], time.monotonic() - begin < 3)
        recording.end("FINISHED")
        """
        done = run_script(script, store_uri)
        assert done.returncode == 0, done.stderr
        assert done.stdout == "[] True\n"
        assert "Not all of this run" not in done.stderr
        assert run_of(client).info.status == "FINISHED"
        assert find(tmp_path) == []

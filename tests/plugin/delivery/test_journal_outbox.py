"""The outboxes that write into a journal, in the process of the run and in workers."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mlflow_on_kedro.delivery import journal_outbox
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.delivery.journal_outbox import NUDGE_BYTES, JournalOutbox, WorkerOutbox
from mlflow_on_kedro.delivery.run_delivery import RunDelivery
from mlflow_on_kedro.delivery.sender_thread import SenderThread
from mlflow_on_kedro.errors import MLflowOnKedroError
from mlflow_on_kedro.journal.entries import FILES, VALUES, End, Entry, File, Param, SpanRecord, Text
from mlflow_on_kedro.journal.entry_lines import to_line
from mlflow_on_kedro.journal.folder import Journal
from mlflow_on_kedro.journal.records import Opened

needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
needs_links = pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")


@pytest.fixture
def online(journal: Journal, store_uri: str, tmp_path: Path) -> Iterator[SenderThread]:
    """A sender of the journal, to a store of the test's own."""
    delivery = RunDelivery(journal.header, Connection(store_uri), tmp_path, journal)
    sender = SenderThread(delivery, timeout=60, kept_in="kept")
    yield sender
    sender.abandon()


def written(journal: Journal) -> list[Entry]:
    """What is in a journal."""
    chunks = [journal.read({}, lane, complete=False) for lane in (VALUES, FILES)]
    assert not any(chunk.damaged for chunk in chunks)
    return [entry for chunk in chunks for entry in chunk.entries]


def fill_disk(box: Any) -> None:
    """Have the writer of an outbox find the disk full."""
    for stream in box._writer._streams.values():
        stream.path.symlink_to("/dev/full")


class TestJournalOutbox:
    """In the process that opened the run."""

    def test_written_down_first(self, journal: Journal, client: Any) -> None:
        """An entry is on disk when it is put, and MLflow is asked nothing."""
        box = JournalOutbox(journal, None, 5)
        box.put(Param("p", "v"))
        box.secure()
        box.flush()
        assert written(journal) == [Param("p", "v")]
        assert client.get_experiment_by_name("demo") is None

    def test_flush(self, journal: Journal, online: SenderThread, client: Any) -> None:
        """A flush waits until MLflow has it."""
        online.start()
        online.wait_open()
        box = JournalOutbox(journal, online, 60)
        box.put(Param("p", "v"))
        box.flush()
        assert online.opened is not None
        run = client.get_run(online.opened.run_id)
        assert run.data.params == {"p": "v"}
        assert run.info.status == "RUNNING"

    def test_much_is_delivered_soon(self, journal: Journal) -> None:
        """The sender is told when much has gathered, and not for each entry after that."""
        nudges: list[int] = []
        sender: Any = SimpleNamespace(check=lambda: None, nudge=lambda: nudges.append(1))
        box = JournalOutbox(journal, sender, 5)
        for number in range(10):
            box.put(Param(f"p{number}", "x" * (NUDGE_BYTES // 4)))
        assert len(nudges) == 2

    def test_timings_do_not_hurry_delivery(self, journal: Journal) -> None:
        """Timings are sent when the run ends, so the sender is not told when many have gathered."""
        nudges: list[int] = []
        sender: Any = SimpleNamespace(check=lambda: None, nudge=lambda: nudges.append(1))
        box = JournalOutbox(journal, sender, 5)
        for number in range(8):
            box.put(SpanRecord("load", "x" * (NUDGE_BYTES // 4), "wines", number, number + 1))
            box.put(Param(f"p{number}", "x" * (NUDGE_BYTES // 7)))
        assert len(nudges) == 1

    def test_a_missing_file(self, journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
        """A file that is not there is said, and nothing else suffers."""
        box = JournalOutbox(journal, None, 5)
        box.put(File("/no/such/file.txt"))
        box.put(Param("p", "v"))
        assert written(journal) == [Param("p", "v")]
        (record,) = caplog.records
        assert "/no/such/file.txt, which is left out: there is no such file" in record.getMessage()

    @needs_links
    def test_a_file_that_cannot_be_kept(
        self,
        journal: Journal,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Offline, an artifact that cannot be copied is left out alone: the journal goes on."""
        os.mkfifo(tmp_path / "pipe")
        box = JournalOutbox(journal, None, 5)
        box.put(Param("before", "v"))
        box.put(File(str(tmp_path / "pipe")))
        box.put(Text("a/", "a text without a name"))
        box.put(Param("after", "v"))
        assert written(journal) == [Param("before", "v"), Param("after", "v")]
        assert len(caplog.records) == 2
        assert "pipe cannot be kept, and is left out. (SpecialFileError: " in caplog.text
        assert "tracking goes on without it" not in caplog.text

    @needs_links
    def test_a_file_that_is_only_delivered(
        self,
        journal: Journal,
        online: SenderThread,
        client: Any,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Online, an artifact that cannot be copied is delivered from where it is, at once."""
        (tmp_path / "a.txt").write_text("first")
        online.start()
        box = JournalOutbox(journal, online, 60)

        def full(*_: Any) -> None:
            raise OSError("no room for a copy")

        monkeypatch.setattr("mlflow_on_kedro.journal.writer.stash", full)
        box.put(File(str(tmp_path / "a.txt")))
        (tmp_path / "a.txt").write_text("second")
        box.put(Param("after", "v"))
        assert Param("after", "v") in written(journal)
        assert online.opened is not None
        run_id = online.opened.run_id
        assert Path(client.download_artifacts(run_id, "a.txt")).read_text() == "first"
        assert not caplog.records

    @needs_full
    def test_a_full_disk_online(
        self,
        journal: Journal,
        online: SenderThread,
        client: Any,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """With a full disk all goes to MLflow from memory, in order; that is said once."""
        online.start()
        box = JournalOutbox(journal, online, 60)
        fill_disk(box)
        for number in range(5):
            box.put(Param(f"p{number}", "v"))
        box.put(Text("a.txt", "a"))
        box.put(End("FAILED", 99))
        assert online.finish(60, lambda _: None)
        (run,) = client.search_runs([client.get_experiment_by_name("demo").experiment_id])
        assert len(run.data.params) == 5
        assert (run.info.status, run.info.end_time) == ("FAILED", 99)
        assert [item.path for item in client.list_artifacts(run.info.run_id)] == ["a.txt"]
        assert caplog.text.count("No space left on device); tracking goes on without it") == 1

    @needs_full
    def test_a_full_disk_offline(self, journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
        """Offline there is no other place; that is said once, and the pipeline runs on."""
        box = JournalOutbox(journal, None, 5)
        fill_disk(box)
        for number in range(5):
            box.put(Param(f"p{number}", "v"))
        assert len(caplog.records) == 1

    def test_no_journal_at_all(
        self, store_uri: str, client: Any, tmp_path: Path, journal: Journal
    ) -> None:
        """A run without a journal is delivered from memory."""
        delivery = RunDelivery(journal.header, Connection(store_uri), tmp_path, None)
        sender = SenderThread(delivery, timeout=60, kept_in=None)
        sender.start()
        box = JournalOutbox(None, sender, 60)
        box.put(Param("p", "v"))
        box.put(End("FINISHED", 99))
        assert sender.finish(60, lambda _: None)
        (run,) = client.search_runs([client.get_experiment_by_name("demo").experiment_id])
        assert run.data.params == {"p": "v"}
        assert (run.info.status, run.info.end_time) == ("FINISHED", 99)

    def test_failures_are_raised_where_chosen(self, journal: Journal, store_uri: str) -> None:
        """A failure of delivery stops the pipeline at the next entry, but for the run's end."""
        delivery = RunDelivery(journal.header, Connection(store_uri), Path.cwd(), journal)
        sender = SenderThread(delivery, timeout=60, kept_in=None, raising=True)
        sender._failures.fatal = ConnectionError("down")
        box = JournalOutbox(journal, sender, 5)
        with pytest.raises(MLflowOnKedroError, match="on_failure"):
            box.put(Param("p", "v"))
        box.put(End("FAILED", 9))
        assert written(journal) == [End("FAILED", 9)]


class TestWorkerOutbox:
    """In other processes."""

    def worker(self, journal: Journal | None, uri: str = "", opened: Any = None) -> WorkerOutbox:
        """An outbox as a worker has it."""
        return WorkerOutbox(journal, uri, opened, 5, raising=False)

    def opened(self, client: Any) -> Opened:
        """A run in a store."""
        info = client.create_run(client.create_experiment("demo")).info
        return Opened(info.run_id, info.experiment_id, info.artifact_uri, info.run_name)

    def test_only_writes(self, journal: Journal) -> None:
        """Where the journal is, a worker only writes: it needs no MLflow."""
        box = self.worker(journal, "http://127.0.0.1:9")
        box.put(Param("p", "v"))
        box.secure()
        assert written(journal) == [Param("p", "v")]

    def test_elsewhere(self, tmp_path: Path, store_uri: str, client: Any) -> None:
        """On a machine without the journal's folder it delivers itself, and makes no folder."""
        opened = self.opened(client)
        box = self.worker(Journal(tmp_path / "elsewhere"), store_uri, opened)
        box.put(Param("p", "v"))
        box.secure()
        assert client.get_run(opened.run_id).data.params == {"p": "v"}
        assert not (tmp_path / "elsewhere").exists()

    def test_elsewhere_without_a_run(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Where there is neither journal nor run, that what it logs is lost is said once."""
        box = self.worker(Journal(tmp_path / "elsewhere"), "http://me:hunter2@127.0.0.1:9")
        for number in range(3):
            box.put(Param(f"p{number}", "v"))
        box.flush()
        (record,) = caplog.records
        assert "is lost: MLflow at http://***@127.0.0.1:9 " in record.getMessage()

    def test_after_the_end_of_the_run(self, journal: Journal, store_uri: str, client: Any) -> None:
        """What comes after the journal was removed is delivered to the run, without a folder."""
        opened = self.opened(client)
        box = self.worker(journal, store_uri, opened)
        box.put(Param("before", "v"))
        journal.discard()
        box.put(Text("a.txt", "a"))
        box.put(Param("after", "v"))
        box.secure()
        assert client.get_run(opened.run_id).data.params == {"after": "v"}
        assert [item.path for item in client.list_artifacts(opened.run_id)] == ["a.txt"]
        assert not journal.folder.exists()

    @needs_links
    def test_a_file_that_cannot_be_kept(
        self, journal: Journal, tmp_path: Path, store_uri: str, client: Any
    ) -> None:
        """An artifact that cannot be copied keeps nothing else from being written down."""
        os.mkfifo(tmp_path / "pipe")
        box = self.worker(journal, store_uri, self.opened(client))
        box._direct = SimpleNamespace(put=lambda _: None)  # type: ignore[assignment]
        box.put(File(str(tmp_path / "pipe")))
        box.put(Param("after", "v"))
        assert written(journal) == [Param("after", "v")]

    def test_flush_waits_for_the_delivery(self, journal: Journal) -> None:
        """A flush waits until the other process has delivered what this one has written."""
        box = self.worker(journal)
        box.put(Param("p", "v"))
        (name,) = journal.sizes()
        begin = time.monotonic()
        journal.is_failing = True
        box.flush()
        assert time.monotonic() - begin < 4, "no delivery is to be waited for"
        journal.is_failing = False
        journal.delivered = {name: journal.sizes()[name]}
        box.flush()
        assert time.monotonic() - begin < 4, "all is delivered"

    def test_flush_waits_for_other_processes(self, journal: Journal) -> None:
        """So it does for what others have written before: this process may load it from MLflow."""
        (journal.folder / "other.jsonl").write_bytes(to_line(Param("p", "v")))
        box = self.worker(journal)
        waiting = threading.Thread(target=box.flush)
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
        journal.delivered = journal.sizes()
        waiting.join(10)
        assert not waiting.is_alive()

    def test_flush_has_a_limit(self, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
        """It does not wait for ever."""
        monkeypatch.setattr(journal_outbox, "POLL_SECONDS", 0.01)
        box = WorkerOutbox(journal, "", None, 0.1, raising=False)
        box.put(Param("p", "v"))
        box.flush()

    def test_a_new_task_of_the_same_process(self, journal: Journal) -> None:
        """Each task of a worker gets a new outbox, and all write into one file."""
        for number in range(3):
            self.worker(journal).put(Param(f"p{number}", "v"))
        assert len(journal.sizes()) == 1
        assert len(written(journal)) == 3

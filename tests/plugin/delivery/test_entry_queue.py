"""What waits of one run: in its order, each once, and nothing lost that was refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from mlflow_on_kedro.delivery.entry_queue import EntryQueue
from mlflow_on_kedro.journal import entry_files, state
from mlflow_on_kedro.journal.entries import (
    FILES,
    VALUES,
    End,
    Entry,
    File,
    Metric,
    Param,
    Tag,
    Text,
)
from mlflow_on_kedro.journal.folder import Journal
from mlflow_on_kedro.journal.writer import Writer


def queue_of(
    journal: Journal | None, *, raising: bool = False, complete: bool = False
) -> EntryQueue:
    """The queue of a journal."""
    return EntryQueue(journal, raising=raising, complete=complete)


def answer(status: int) -> Exception:
    """An answer with a status."""
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError(f"{status} Error", response=response)


def taken(queue: EntryQueue, lane: str) -> list[Entry]:
    """All that waits in a lane, which is counted as delivered."""
    found: list[Entry] = []
    while (chunk := queue.next(lane)) is not None:
        found += chunk.entries
        queue.done(lane)
    return found


class TestOrder:
    """What is sent when."""

    def test_a_text_that_grows(self) -> None:
        """Without a journal only the newest version of a text waits, beside the one being sent."""
        queue = queue_of(None)
        for content in ("a", "ab", "abc"):
            queue.remember(Text("run.log", content))
        queue.remember(Text("other.txt", "a"))
        first = queue.next(FILES)
        assert first is not None
        for content in ("abcd", "abcde"):
            queue.remember(Text("run.log", content))
        assert first.entries == [Text("run.log", "abc"), Text("other.txt", "a")]
        assert taken(queue, FILES) == [*first.entries, Text("run.log", "abcde")]

    def test_two_lanes(self, journal: Journal) -> None:
        """Each lane has its own entries, and is done by itself."""
        write = Writer(journal)
        write.append(Param("p", "v"))
        write.append(Text("a.txt", "a"))
        queue = queue_of(journal)
        assert queue.next(VALUES) is not None
        (file,) = taken(queue, FILES)
        assert isinstance(file, File)
        assert journal.delivered == journal.sizes(FILES)
        assert taken(queue, VALUES) == [Param("p", "v")]
        assert journal.delivered == journal.sizes()

    def test_the_same_until_done(self, journal: Journal) -> None:
        """What was given is given again until it is done, whatever is put behind it."""
        write = Writer(journal)
        write.append(Param("a", "v"))
        queue = queue_of(journal)
        first = queue.next(VALUES)
        write.append(Param("b", "v"))
        queue.remember(Param("c", "v"))
        assert queue.next(VALUES) is first
        assert journal.delivered == {}
        queue.done(VALUES)
        assert taken(queue, VALUES) == [Param("b", "v"), Param("c", "v")]
        assert queue.next(VALUES) is None

    def test_memory(self) -> None:
        """Without a journal all is in memory, in its order; a failure loses nothing."""
        queue = queue_of(None)
        for entry in (Param("a", "v"), Text("a.txt", "a"), Param("b", "v")):
            queue.remember(entry)
        assert queue.next(VALUES) is not None
        queue.remember(End("FINISHED", 9))
        queue.done(VALUES)
        assert taken(queue, VALUES) == [End("FINISHED", 9)]
        assert taken(queue, FILES) == [Text("a.txt", "a")]

    def test_damaged(self, journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
        """A damaged line is said once, however often it is asked for."""
        Writer(journal).append(Param("a", "v"))
        (journal.folder / "other.jsonl").write_bytes(b"#damaged\n")
        queue = queue_of(journal)
        for _ in range(3):
            chunk = queue.next(VALUES)
        assert chunk is not None
        assert chunk.entries == [Param("a", "v")]
        assert caplog.text.count("A line of the journal is damaged and is left out") == 1

    def test_another_process_goes_on(self, journal: Journal) -> None:
        """Another process begins where this one was done."""
        write = Writer(journal)
        write.append(Param("a", "v"))
        queue = queue_of(journal)
        assert not queue.has_begun
        taken(queue, VALUES)
        assert queue.has_begun
        write.append(Param("b", "v"))
        other = queue_of(Journal(journal.folder))
        assert other.has_begun
        assert taken(other, VALUES) == [Param("b", "v")]

    def test_start_again(self, journal: Journal) -> None:
        """For another run all is sent again."""
        Writer(journal).append(Param("a", "v"))
        queue = queue_of(journal)
        taken(queue, VALUES)
        journal.ended = "FINISHED"
        queue.start_again()
        assert (journal.delivered, journal.ended) == ({}, None)
        assert taken(queue, VALUES) == [Param("a", "v")]

    def test_copies(self, journal: Journal, tmp_path: Path) -> None:
        """The copy of an artifact goes once that counts as delivered; a user's own file stays."""
        (tmp_path / "mine.txt").write_text("mine")
        write = Writer(journal)
        write.append(Text("a.txt", "a"))
        write.append(Text("b.txt", "b"))
        queue = queue_of(journal)
        queue.remember(File(str(tmp_path / "mine.txt")))
        chunk = queue.next(FILES)
        assert chunk is not None
        queue.set_aside(chunk.entries[1], answer(413), 1)
        assert len(list(journal.folder.glob("files/*/*"))) == 2, "it may be sent again"
        queue.done(FILES)
        assert [path.name for path in journal.folder.glob("files/*/*")] == ["b.txt"]
        taken(queue, FILES)
        assert (tmp_path / "mine.txt").exists()

    def test_waiting_files(self, journal: Journal) -> None:
        """The names of files are those that they have in MLflow, wherever they wait."""
        write = Writer(journal)
        write.append(Text("to/a.txt", "a"))
        write.append(Param("p", "v"))
        queue = queue_of(journal)
        chunk = queue.next(FILES)
        assert chunk is not None
        queue.set_aside(chunk.entries[0], answer(403), 1)
        queue.done(FILES)
        write.append(Text("b.txt", "b"))
        queue.remember(Text("c.txt", "c"))
        queue.set_aside(Tag("t", "v"), answer(413), 1)
        assert sorted(queue.waiting_files()) == ["b.txt", "c.txt", "to/a.txt"]


class TestSetAside:
    """What is refused."""

    def test_kept(self, journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
        """It is in the journal with reason, time and tries, and is said with what to do."""
        Writer(journal).append(Metric("m", 1.0, 5))
        queue = queue_of(journal)
        (entry,) = taken(queue, VALUES)
        queue.set_aside(entry, answer(413), 3)
        (item,) = Journal(journal.folder).set_aside
        assert item.entry == entry
        assert item.reason == "HTTPError: 413 Error"
        assert item.tries == 3
        assert item.time > 1_700_000_000_000
        (message,) = (record.getMessage() for record in caplog.records)
        assert message.startswith("MLflow did not take the metric 'm', which is set aside;")
        assert "`kedro mlflow sync` tries it again" in message
        assert queue.pending().set_aside == 1

    @pytest.mark.parametrize(
        ("status", "may_pass"), [(400, False), (403, False), (413, False), (500, True), (503, True)]
    )
    def test_may_pass(self, journal: Journal, status: int, may_pass: bool) -> None:
        """A server's own failure may pass; a refusal does not without somebody's doing."""
        queue_of(journal).set_aside(Param("p", "v"), answer(status), 1)
        (item,) = journal.set_aside
        assert item.may_pass is may_pass

    def test_a_file_that_is_gone_does_not_pass(self, journal: Journal) -> None:
        """An artifact whose copy is gone does not come back by itself: no later run tries it."""
        Writer(journal).append(Text("a.txt", "a"))
        queue = queue_of(journal)
        (file,) = taken(queue, FILES)
        queue.set_aside(file, FileNotFoundError("a.txt is not there any more"), 1)
        assert not journal.set_aside[0].may_pass

    def test_said_once(self, journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
        """A store that refuses each file in the same way is warned of once; values are each."""
        queue = queue_of(journal)
        write = Writer(journal)
        for number in range(5):
            write.append(Text(f"f{number}.txt", "v"))
        for entry in journal.read({}, FILES, complete=True).entries:
            queue.set_aside(entry, answer(403), 1, place="The store s3://x")
        for number in range(2):
            queue.set_aside(Param(f"q{number}", "v"), answer(403), 1)
        first, *others = [record.getMessage() for record in caplog.records]
        assert first.startswith("The store s3://x did not take the artifact f0.txt")
        assert "denies permission to this user" in first
        assert [f"param 'q{number}'" in said for number, said in enumerate(others)] == [True, True]
        assert len(journal.set_aside) == 7

    def test_raised(self, journal: Journal) -> None:
        """Where the user wants that, the answer is raised and nothing is set aside."""
        with pytest.raises(requests.HTTPError):
            queue_of(journal, raising=True).set_aside(Param("p", "v"), answer(413), 1)
        assert journal.set_aside == []

    def test_no_journal(self, caplog: pytest.LogCaptureFixture) -> None:
        """Where nothing can be kept it is left out, and each is said."""
        queue = queue_of(None)
        for number in range(2):
            queue.set_aside(Param(f"p{number}", "v"), answer(413), 1)
        assert [record.getMessage() for record in caplog.records] == [
            f"MLflow did not take the param 'p{number}', which is left out. (HTTPError: 413 Error)"
            for number in range(2)
        ]

    def test_what_is_not_in_the_journal(
        self, journal: Journal, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """An artifact of which there is no copy cannot be kept."""
        (tmp_path / "a.txt").write_text("a")
        queue = queue_of(journal)
        queue.set_aside(File(str(tmp_path / "a.txt")), answer(403), 1)
        queue.set_aside(Text("b.txt", "b"), answer(403), 1)
        assert journal.set_aside == []
        assert caplog.text.count("which is left out") == 2

    def test_the_journal_is_gone(self, journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
        """Nor can anything once the journal is removed; no folder is made for it."""
        queue = queue_of(journal)
        journal.discard()
        queue.set_aside(Param("p", "v"), answer(413), 1)
        assert "which is left out" in caplog.text
        assert not journal.folder.exists()

    def test_a_full_disk(
        self,
        journal: Journal,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """A full disk is said to have cost it, and stops nothing."""

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(state, "write_object", full)
        queue_of(journal).set_aside(Param("p", "v"), answer(413), 1)
        assert "which is left out" in caplog.text


class TestRetry:
    """What was refused and is tried again."""

    def refuse(self, journal: Journal) -> EntryQueue:
        """A queue that has had a parameter refused for good, and a file that may pass."""
        Writer(journal).append(Text("a.txt", "a"))
        queue = queue_of(journal)
        chunk = queue.next(FILES)
        assert chunk is not None
        queue.set_aside(chunk.entries[0], answer(500), 1)
        queue.done(FILES)
        queue.set_aside(Param("p", "v"), answer(413), 3)
        return queue

    def test_before_all_else(self, journal: Journal) -> None:
        """It comes first in its lane, and is gone once it has arrived."""
        queue = self.refuse(journal)
        Writer(journal).append(Param("q", "v"))
        queue.retry_set_aside()
        assert taken(queue, VALUES) == [Param("p", "v"), Param("q", "v")]
        (item,) = journal.set_aside
        assert item.may_pass
        (file,) = taken(queue, FILES)
        assert file == item.entry
        assert journal.set_aside == []

    def test_what_may_pass(self, journal: Journal) -> None:
        """Only what may pass by itself, where nobody has asked for more."""
        queue = self.refuse(journal)
        queue.retry_set_aside(passing_only=True)
        assert taken(queue, VALUES) == []
        assert len(taken(queue, FILES)) == 1
        assert [item.entry for item in journal.set_aside] == [Param("p", "v")]

    def test_refused_again(self, journal: Journal) -> None:
        """It stays, with the new reason and all its tries; others of the same try go."""
        queue = queue_of(journal)
        for key in "ab":
            queue.set_aside(Param(key, "v"), answer(413), 3)
        queue.retry_set_aside()
        chunk = queue.next(VALUES)
        assert chunk is not None
        queue.set_aside(chunk.entries[1], answer(500), 3)
        queue.done(VALUES)
        (item,) = journal.set_aside
        assert (item.entry, item.tries) == (Param("b", "v"), 6)
        assert item.reason == "HTTPError: 500 Error"
        assert queue.next(VALUES) is None

    def test_in_both_lanes(self, journal: Journal) -> None:
        """What arrives in one lane says nothing about what is refused again in the other."""
        queue = self.refuse(journal)
        queue.retry_set_aside()
        assert queue.next(VALUES) is not None
        chunk = queue.next(FILES)
        assert chunk is not None
        queue.set_aside(chunk.entries[0], answer(500), 1)
        queue.done(VALUES)
        queue.done(FILES)
        assert [item.entry for item in journal.set_aside] == chunk.entries

    def test_and_taken_then(self, journal: Journal) -> None:
        """One that was refused twice and is taken at the third try is gone."""
        queue = queue_of(journal)
        queue.set_aside(Param("a", "v"), answer(413), 3)
        for is_taken in (False, True):
            queue.retry_set_aside()
            chunk = queue.next(VALUES)
            assert chunk is not None
            assert chunk.entries == [Param("a", "v")]
            if not is_taken:
                queue.set_aside(Param("a", "v"), answer(413), 3)
            queue.done(VALUES)
        assert journal.set_aside == []

    @pytest.mark.parametrize("moment", ["asked for", "given", "refused"])
    def test_killed_in_between(self, journal: Journal, moment: str) -> None:
        """Who is killed at any moment of it loses nothing: the next one finds it."""
        queue = self.refuse(journal)
        queue.retry_set_aside()
        if moment != "asked for":
            assert queue.next(VALUES) is not None
        if moment == "refused":
            queue.set_aside(Param("p", "v"), answer(413), 3)
        other = queue_of(Journal(journal.folder))
        other.retry_set_aside()
        assert taken(other, VALUES) == [Param("p", "v")]
        assert len(taken(other, FILES)) == 1
        assert journal.set_aside == []

    def test_killed_before_it_is_done(self, journal: Journal) -> None:
        """Who is killed after one was refused and before its lane is counted sends all again."""
        Writer(journal).append(Param("a", "v"))
        Writer(journal).append(Param("b", "v"))
        queue = queue_of(journal)
        chunk = queue.next(VALUES)
        assert chunk is not None
        queue.set_aside(Param("a", "v"), answer(413), 3)
        other = queue_of(Journal(journal.folder))
        assert set(taken(other, VALUES)) == {Param("a", "v"), Param("b", "v")}

    def test_asked_for_twice(self, journal: Journal) -> None:
        """What is tried again is so once, although it is asked for while it waits."""
        queue = self.refuse(journal)
        for _ in range(3):
            queue.retry_set_aside(passing_only=True)
        assert len(taken(queue, FILES)) == 1

    def test_asked_for_meanwhile(self, journal: Journal) -> None:
        """Nor is it sent again once it has arrived: its copy is gone then."""
        queue = self.refuse(journal)
        queue.retry_set_aside(passing_only=True)
        assert queue.next(FILES) is not None
        queue.retry_set_aside(passing_only=True)
        queue.done(FILES)
        assert queue.next(FILES) is None

    def test_no_journal(self) -> None:
        """Without a journal there is nothing to try again."""
        queue = queue_of(None)
        queue.set_aside(Param("p", "v"), answer(413), 1)
        queue.retry_set_aside()
        assert queue.next(VALUES) is None


def test_written(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """All values that were written are found, whether or not they are delivered."""
    monkeypatch.setitem(entry_files.CHUNK_ENTRIES, VALUES, 2)
    write = Writer(journal)
    entries = [Param(f"p{number}", "v") for number in range(5)]
    for entry in entries:
        write.append(entry)
    write.append(Text("a.txt", "a"))
    queue = queue_of(journal)
    taken(queue, VALUES)
    assert list(queue.written(Param)) == entries

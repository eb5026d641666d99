"""What one run has to deliver: each entry once, in order, and nothing forgotten half-way."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.delivery.parcel import Left, Parcel
from mlflow_on_kedro.journal import folder as journal_module
from mlflow_on_kedro.journal.entries import End, File, Metric, Param, Tag, Text
from mlflow_on_kedro.journal.folder import Journal
from mlflow_on_kedro.journal.writer import Writer


@pytest.fixture
def other_uri(store_template: Path, tmp_path: Path) -> str:
    """Another store."""
    shutil.copy(store_template, tmp_path / "other.db")
    return f"sqlite:///{(tmp_path / 'other.db').as_posix()}"


def parcel_of(journal: Journal, uri: str, **options: Any) -> Parcel:
    """The parcel of a journal."""
    return Parcel(journal.header, uri, journal.folder.parents[2], journal, **options)


def deliver(parcel: Parcel) -> None:
    """Deliver all there is."""
    while parcel.step():
        pass


def run_of(client: Any) -> Any:
    """The only run of the experiment."""
    (run,) = client.search_runs([client.get_experiment_by_name("demo").experiment_id])
    return run


class TestSteps:
    """Delivering piece by piece."""

    def test_each_entry_once(
        self, journal: Journal, store_uri: str, client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Entries of several processes arrive in several steps, each one once."""
        monkeypatch.setattr(journal_module, "CHUNK_ENTRIES", 10)
        for name in "ab":
            write = Writer(journal)
            for number in range(25):
                write.append(Metric(name, float(number), number, number))
        parcel = parcel_of(journal, store_uri)
        steps = 0
        while parcel.step():
            steps += 1
        assert steps == 5
        assert not parcel.step()
        run_id = run_of(client).info.run_id
        for name in "ab":
            history = client.get_metric_history(run_id, name)
            assert sorted(point.step for point in history) == list(range(25))
        assert parcel.left() == Left()
        assert journal.delivered == journal.sizes()

    def test_a_delivered_artifact_is_forgotten(self, journal: Journal, store_uri: str) -> None:
        """The copy of an artifact goes as soon as it is delivered."""
        Writer(journal).append(Text("a.txt", "abc"))
        parcel = parcel_of(journal, store_uri)
        assert (parcel.left().files, parcel.left().file_bytes) == (1, 3)
        deliver(parcel)
        assert parcel.left() == Left()
        assert journal.waiting_files() == []

    def test_what_is_in_memory(
        self, journal: Journal, store_uri: str, client: Any, tmp_path: Path
    ) -> None:
        """What could not be written down is delivered too; a user's own file stays."""
        (tmp_path / "a.txt").write_text("a")
        Writer(journal).append(Tag("t", "journal"))
        parcel = parcel_of(journal, store_uri)
        parcel.memory.extend([Tag("t", "memory"), File(str(tmp_path / "a.txt"))])
        deliver(parcel)
        assert not parcel.memory
        assert run_of(client).data.tags["t"] == "memory"
        assert (tmp_path / "a.txt").exists()

    def test_another_process_goes_on(
        self, journal: Journal, store_uri: str, client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A process that takes over goes on where the last one stopped, with the same run."""
        write = Writer(journal)
        write.append(Param("a", "v"))
        first = parcel_of(journal, store_uri)
        deliver(first)
        write.append(Param("b", "v"))
        write.append(End("FINISHED", 99))
        second = parcel_of(Journal(journal.folder), store_uri, complete=True)
        sent: list[Any] = []
        real = type(client).__mro__[1].log_batch

        def log_batch(self: Any, run_id: str, *, params: Any, **rest: Any) -> None:
            sent.extend(param.key for param in params)
            real(self, run_id, params=params, **rest)

        monkeypatch.setattr(type(client).__mro__[1], "log_batch", log_batch)
        deliver(second)
        second.finish()
        assert sent == ["b"]
        assert set(run_of(client).data.params) == {"a", "b"}
        assert run_of(client).info.status == "FINISHED"

    def test_the_run_is_created_once(self, journal: Journal, store_uri: str, client: Any) -> None:
        """A process that died before it wrote down which run it created leaves no second one."""
        parcel_of(journal, store_uri).open()
        (journal.folder / journal_module.OPENED).unlink()
        parcel_of(Journal(journal.folder), store_uri, complete=True).open()
        assert run_of(client)

    def test_an_abandoned_one(self, journal: Journal, store_uri: str) -> None:
        """What was taken over by another thread counts nothing as delivered any more."""
        Writer(journal).append(Param("a", "v"))
        first = parcel_of(journal, store_uri)
        first.memory.append(Param("b", "v"))
        first.open()
        second = first.again()
        assert second.opened == first.opened
        assert list(second.memory) == [Param("b", "v")]
        first.step()
        assert journal.delivered == {}
        deliver(second)
        assert journal.delivered == journal.sizes()


class TestAnotherStore:
    """A journal whose run the store has not: it was removed, or is that of another store."""

    def test_nothing_was_delivered(
        self,
        journal: Journal,
        store_uri: str,
        other_uri: str,
        client_of: Any,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Where nothing but the run's beginning was delivered, it simply begins there."""
        parcel_of(journal, store_uri).open()
        Writer(journal).append(Param("p", "v"))
        Writer(journal).append(End("FINISHED", 9))
        parcel = parcel_of(Journal(journal.folder), other_uri, complete=True)
        deliver(parcel)
        parcel.finish()
        run = run_of(client_of(other_uri))
        assert run.data.params == {"p": "v"}
        assert run.info.status == "FINISHED"
        assert not caplog.records

    def test_a_part_was_delivered(
        self,
        journal: Journal,
        store_uri: str,
        other_uri: str,
        client_of: Any,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """All values arrive, and it is said what cannot."""
        write = Writer(journal)
        write.append(Param("p", "v"))
        write.append(Text("a.txt", "a"))
        deliver(parcel_of(journal, store_uri))
        write.append(Param("q", "v"))
        write.append(Text("b.txt", "b"))
        parcel_of(Journal(journal.folder), other_uri, complete=True).open()  # and is killed
        deliver(parcel_of(Journal(journal.folder), other_uri, complete=True))
        other = client_of(other_uri)
        run = run_of(other)
        assert run.data.params == {"p": "v", "q": "v"}
        assert [item.path for item in other.list_artifacts(run.info.run_id)] == ["b.txt"]
        assert "to which a part was delivered" in caplog.records[0].getMessage()
        assert "did not take the artifact a.txt" in caplog.records[1].getMessage()

    def test_the_same_store(self, journal: Journal, store_uri: str, client: Any) -> None:
        """A run that is there is used, however it is reached."""
        Writer(journal).append(Param("p", "v"))
        deliver(parcel_of(journal, store_uri))
        run_id = run_of(client).info.run_id
        parcel = parcel_of(Journal(journal.folder), f"{store_uri}?timeout=30", complete=True)
        deliver(parcel)
        assert parcel.opened is not None
        assert parcel.opened.run_id == run_id

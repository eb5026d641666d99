"""What one run has to deliver: each entry once, its end in time, and nothing forgotten half-way."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.delivery.journal_delivery import deliver
from mlflow_on_kedro.delivery.mlflow_run import WAITING_TAG
from mlflow_on_kedro.delivery.pending import PendingSize
from mlflow_on_kedro.delivery.run_delivery import RunDelivery
from mlflow_on_kedro.delivery.run_trace import RunTrace
from mlflow_on_kedro.journal import entry_files
from mlflow_on_kedro.journal.entries import (
    FILES,
    VALUES,
    End,
    File,
    Metric,
    Page,
    Param,
    Prompt,
    SpanRecord,
    Summary,
    Tag,
    Text,
)
from mlflow_on_kedro.journal.entry_lines import to_line
from mlflow_on_kedro.journal.folder import Journal
from mlflow_on_kedro.journal.span import Span
from mlflow_on_kedro.journal.state import OPENED
from mlflow_on_kedro.journal.writer import Writer
from mlflow_on_kedro.prompts.content import PromptContent, WantedVersion
from mlflow_on_kedro.timeline import chart
from mlflow_on_kedro.tracking.summary import RunSummary


@pytest.fixture
def other_uri(store_template: Path, tmp_path: Path) -> str:
    """Another store."""
    shutil.copy(store_template, tmp_path / "other.db")
    return f"sqlite:///{(tmp_path / 'other.db').as_posix()}"


def delivery_of(journal: Journal, uri: str, *, trace: bool = False, **options: Any) -> RunDelivery:
    """The delivery of a journal."""
    header = replace(journal.header, trace=trace)
    return RunDelivery(header, Connection(uri), journal.folder.parents[2], journal, **options)


def send(delivery: RunDelivery) -> None:
    """Send all there is, in both lanes."""
    while delivery.send_values():
        pass
    while delivery.send_files():
        pass


def finish(delivery: RunDelivery) -> None:
    """Send all there is, and end the run."""
    send(delivery)
    delivery.end()
    delivery.close()


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
        monkeypatch.setitem(entry_files.CHUNK_ENTRIES, VALUES, 10)
        for name in "ab":
            write = Writer(journal)
            for number in range(25):
                write.append(Metric(name, float(number), number, number))
        delivery = delivery_of(journal, store_uri)
        counts = []
        while count := delivery.send_values():
            counts.append(count)
        assert counts == [10] * 5
        assert delivery.send_values() == 0
        run_id = run_of(client).info.run_id
        for name in "ab":
            history = client.get_metric_history(run_id, name)
            assert sorted(point.step for point in history) == list(range(25))
        assert delivery.pending() == PendingSize()
        assert journal.delivered == journal.sizes()

    def test_a_delivered_artifact_is_forgotten(self, journal: Journal, store_uri: str) -> None:
        """The copy of an artifact goes as soon as it is delivered."""
        Writer(journal).append(Text("a.txt", "abc"))
        delivery = delivery_of(journal, store_uri)
        assert (delivery.pending().files, delivery.pending().file_bytes) == (1, 3)
        send(delivery)
        assert delivery.pending() == PendingSize()
        assert journal.waiting_files() == []

    def test_a_chart_takes_little_room(
        self, journal: Journal, store_uri: str, client: Any, tmp_path: Path
    ) -> None:
        """plotly.js, of some MB, is put into a page when that is sent."""
        spans = [Span("run", "train", "train", 0.0, 1.5, 0)]
        page = chart.html(spans, has_plotly=False)
        for name in ("a/gantt.html", "b.html"):
            Writer(journal).append(Page(name, page))
        delivery = delivery_of(journal, store_uri)
        assert delivery.pending().file_bytes < 20_000
        send(delivery)
        run = run_of(client).info
        for name in ("a/gantt.html", "b.html"):
            found = client.download_artifacts(run.run_id, name, str(tmp_path))
            assert Path(found).read_text(encoding="utf-8") == chart.html(spans)

    def test_files_wait_for_the_run(self, journal: Journal, store_uri: str, client: Any) -> None:
        """The lane of files opens no run."""
        Writer(journal).append(Text("a.txt", "abc"))
        delivery = delivery_of(journal, store_uri)
        assert delivery.send_files() == 0
        assert client.get_experiment_by_name("demo") is None
        delivery.open()
        assert delivery.send_files() == 1

    def test_what_is_in_memory(
        self, journal: Journal, store_uri: str, client: Any, tmp_path: Path
    ) -> None:
        """What could not be written down is delivered too; a user's own file stays."""
        (tmp_path / "a.txt").write_text("a")
        Writer(journal).append(Tag("t", "journal"))
        delivery = delivery_of(journal, store_uri)
        delivery.queue.remember(Tag("t", "memory"))
        delivery.queue.remember(File(str(tmp_path / "a.txt")))
        send(delivery)
        run = run_of(client)
        assert run.data.tags["t"] == "memory"
        assert [item.path for item in client.list_artifacts(run.info.run_id)] == ["a.txt"]
        assert (tmp_path / "a.txt").exists()

    def test_a_journal_of_an_older_version(
        self, journal: Journal, store_uri: str, client: Any, tmp_path: Path
    ) -> None:
        """Artifacts among the values, as they were written once, are delivered as well."""
        (journal.folder / "files" / "x").mkdir(parents=True)
        (journal.folder / "files" / "x" / "a.txt").write_text("a")
        lines = [Param("p", "v"), File("x/a.txt", "to"), End("FINISHED", 99)]
        (journal.folder / "old.jsonl").write_bytes(b"".join(map(to_line, lines)))
        finish(delivery_of(journal, store_uri))
        run = run_of(client)
        assert (run.data.params, run.info.status) == ({"p": "v"}, "FINISHED")
        path = client.download_artifacts(run.info.run_id, "to/a.txt", str(tmp_path))
        assert Path(path).read_text() == "a"
        assert not journal.exists()

    @pytest.mark.parametrize("lane", [VALUES, FILES])
    def test_damaged_lines_alone(
        self,
        journal: Journal,
        store_uri: str,
        client: Any,
        monkeypatch: pytest.MonkeyPatch,
        lane: str,
    ) -> None:
        """Damaged lines, however many, hide nothing that comes after them."""
        monkeypatch.setitem(entry_files.CHUNK_ENTRIES, lane, 1)
        Writer(journal).append(Text("a.txt", "a") if lane == FILES else Param("p", "v"))
        (name,) = journal.sizes()
        lines = (journal.folder / name).read_bytes()
        (journal.folder / name).write_bytes(b"#damaged\n#damaged\n" + lines)
        finish(delivery_of(journal, store_uri))
        run = run_of(client)
        if lane == FILES:
            assert [item.path for item in client.list_artifacts(run.info.run_id)] == ["a.txt"]
        else:
            assert run.data.params == {"p": "v"}
        assert not journal.exists()

    def test_another_process_goes_on(
        self, journal: Journal, store_uri: str, client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A process that takes over goes on where the last one stopped, with the same run."""
        write = Writer(journal)
        write.append(Param("a", "v"))
        send(delivery_of(journal, store_uri))
        write.append(Param("b", "v"))
        write.append(End("FINISHED", 99))
        sent: list[Any] = []
        real = MlflowClient.log_batch

        def log_batch(self: Any, run_id: str, *, params: Any, **rest: Any) -> None:
            sent.extend(param.key for param in params)
            real(self, run_id, params=params, **rest)

        monkeypatch.setattr(MlflowClient, "log_batch", log_batch)
        finish(delivery_of(Journal(journal.folder), store_uri, complete=True))
        assert sent == ["b"]
        assert set(run_of(client).data.params) == {"a", "b"}
        assert run_of(client).info.status == "FINISHED"

    @pytest.mark.parametrize("complete", [True, False])
    def test_the_run_is_created_once(
        self, journal: Journal, store_uri: str, client: Any, complete: bool
    ) -> None:
        """A process that died before it wrote down which run it created leaves no second one."""
        delivery_of(journal, store_uri).open()
        (journal.folder / OPENED).unlink()
        delivery_of(Journal(journal.folder), store_uri, complete=complete).open()
        assert run_of(client)

    def test_another_experiment(self, journal: Journal, store_uri: str, client: Any) -> None:
        """A run may be delivered to another experiment than was meant."""
        finish(delivery_of(journal, store_uri, experiment="other"))
        assert client.get_experiment_by_name("demo") is None
        other = client.get_experiment_by_name("other").experiment_id
        assert len(client.search_runs([other])) == 1


class TestEnd:
    """The end of a run goes with its values."""

    @pytest.fixture
    def filled(self, journal: Journal) -> Journal:
        """A journal with a value, three files and an end."""
        write = Writer(journal)
        write.append(Param("p", "v"))
        for name in "abc":
            write.append(Text(f"to/{name}.txt", name))
        write.append(End("FINISHED", 99))
        return journal

    def test_while_files_wait(
        self, filled: Journal, store_uri: str, client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The run ends, and a tag names what it has not got; the tag goes when they arrive."""

        def down(*_: Any) -> None:
            raise ConnectionError("down")

        delivery = delivery_of(filled, store_uri)
        with monkeypatch.context() as patch:
            patch.setattr(MlflowClient, "log_artifact", down)
            while delivery.send_values():
                pass
            with pytest.raises(ConnectionError):
                delivery.send_files()
            assert delivery.end() == "FINISHED"
        run = run_of(client)
        assert (run.info.status, run.info.end_time) == ("FINISHED", 99)
        assert run.data.tags[WAITING_TAG] == "to/a.txt, to/b.txt, to/c.txt"
        assert filled.ended == delivery.status == "FINISHED"
        assert filled.exists()
        send(delivery)
        delivery.close()
        assert WAITING_TAG not in run_of(client).data.tags
        assert not filled.exists()

    def test_another_process_removes_the_tag(
        self, filled: Journal, store_uri: str, client: Any
    ) -> None:
        """So it does when another process delivers the files, which does not end it again."""
        delivery = delivery_of(filled, store_uri)
        while delivery.send_values():
            pass
        delivery.end()
        assert WAITING_TAG in run_of(client).data.tags
        client.set_terminated(run_of(client).info.run_id, "FAILED", 123)
        other = delivery_of(Journal(filled.folder), store_uri, complete=True)
        assert other.status == "FINISHED"
        finish(other)
        run = run_of(client)
        assert WAITING_TAG not in run.data.tags
        assert run.info.end_time == 123, "it is left as it is"
        assert not filled.exists()

    def test_very_many(self, journal: Journal, store_uri: str, client: Any) -> None:
        """Of many some are named."""
        write = Writer(journal)
        for number in range(9):
            write.append(Text(f"{number}.txt", "x"))
        delivery = delivery_of(journal, store_uri)
        delivery.end()
        expected = "0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 4 more"
        assert run_of(client).data.tags[WAITING_TAG] == expected

    def test_no_files(self, journal: Journal, store_uri: str, client: Any) -> None:
        """Without files there is no such tag, at no time."""
        Writer(journal).append(End("FINISHED", 99))
        finish(delivery_of(journal, store_uri))
        assert WAITING_TAG not in run_of(client).data.tags

    def test_a_refused_file(
        self, filled: Journal, store_uri: str, client: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One that was refused keeps its journal and its name in the tag, until it arrives."""
        real = MlflowClient.log_artifact

        def log_artifact(self: Any, run_id: str, path: str, folder: str | None) -> None:
            if path.endswith("b.txt"):
                raise PermissionError(13, "Permission denied", "/artifacts")
            real(self, run_id, path, folder)

        with monkeypatch.context() as patch:
            patch.setattr(MlflowClient, "log_artifact", log_artifact)
            delivery = delivery_of(filled, store_uri)
            finish(delivery)
        assert run_of(client).data.tags[WAITING_TAG] == "to/b.txt"
        assert filled.exists()
        assert delivery.pending() == PendingSize(set_aside=1, may_pass=1)
        other = delivery_of(Journal(filled.folder), store_uri, complete=True)
        finish(other)
        assert filled.exists(), "it was not asked for again"
        other = delivery_of(Journal(filled.folder), store_uri, complete=True)
        other.queue.retry_set_aside()
        finish(other)
        run = run_of(client)
        assert WAITING_TAG not in run.data.tags
        assert len(client.list_artifacts(run.info.run_id, "to")) == 3
        assert not filled.exists()

    def test_a_refused_value(self, journal: Journal, store_uri: str, client: Any) -> None:
        """A value that was refused keeps the journal; the run has all else, and ends."""
        write = Writer(journal)
        for entry in (Metric("..", 1.0, 5), Param("p", "v"), End("FINISHED", 99)):
            write.append(entry)
        delivery = delivery_of(journal, store_uri)
        finish(delivery)
        run = run_of(client)
        assert (run.data.params, run.info.status) == ({"p": "v"}, "FINISHED")
        assert WAITING_TAG not in run.data.tags
        assert [item.entry for item in journal.set_aside] == [Metric("..", 1.0, 5)]
        assert delivery.pending().is_refused_only

    def test_the_version_of_a_prompt_that_was_registered_late(
        self, journal: Journal, store_uri: str, client: Any
    ) -> None:
        """It is in the file with what was loaded, though nobody knew it when it was loaded."""
        wanted = WantedVersion(PromptContent("Hi {{name}}!")).to_text()
        for entry in (Prompt("answer", 0, 5, wanted, "answer_prompt"), End("FINISHED", 99)):
            Writer(journal).append(entry)
        journal.release()  # its process is over
        deliver(journal, Connection(store_uri), journal.folder.parents[2])
        run = run_of(client)
        path = client.download_artifacts(run.info.run_id, "kedro/loaded.json")
        assert json.loads(Path(path).read_text())["datasets"] == {
            "answer_prompt": {"uri": "prompts:/answer/1"}
        }

    def test_a_trace_that_gets_no_answer(
        self, journal: Journal, store_uri: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The next try sends the trace, and only then has the run ended."""
        Writer(journal).append(End("FINISHED", 99))
        tries: list[int] = []

        def deliver(*_: Any) -> None:
            tries.append(1)
            if len(tries) == 1:
                raise ConnectionError("down")

        monkeypatch.setattr(RunTrace, "_send_whole", deliver)
        delivery = delivery_of(journal, store_uri, trace=True)
        send(delivery)
        with pytest.raises(ConnectionError):
            delivery.end()
        assert delivery.end() == "FINISHED"
        assert len(tries) == 2
        assert journal.ended == "FINISHED"

    def test_no_end(self, journal: Journal, store_uri: str, client: Any) -> None:
        """A run that has not said how it ended was killed when it was last alive."""
        Writer(journal).append(Param("p", "v"))
        finish(delivery_of(journal, store_uri, complete=True))
        assert run_of(client).info.status == "KILLED"

    def test_interrupted_nodes(self, journal: Journal, store_uri: str, client: Any) -> None:
        """A tag of a killed run names the nodes that were running, first those that had begun."""
        writer = Writer(journal)
        for node, start, end in (("a", 1.0, 2.0), ("c", 4.0, 0.0), ("b", 3.0, 0.0)):
            writer.append(SpanRecord("run", node, node, start, 0.0))
            if end:
                writer.append(SpanRecord("run", node, node, start, end))
        writer.append(Summary(RunSummary("train", nodes=["a", "b", "c"]).to_json()))
        finish(delivery_of(journal, store_uri, complete=True))
        tags = run_of(client).data.tags
        assert tags["kedro.interrupted_nodes"] == "b, c"
        assert "**was killed** after" in tags["mlflow.note.content"]
        assert "at the node `b, c`" in tags["mlflow.note.content"]

    def test_trouble(self, journal: Journal, store_uri: str) -> None:
        """Why a lane waits is in the journal, until it does no longer."""
        delivery = delivery_of(journal, store_uri)
        delivery.note_trouble(FILES, ConnectionError("http://me:hunter2@host is down"))
        reason = journal.trouble[FILES].reason
        assert reason.startswith("ConnectionError: ")
        assert "hunter2" not in reason
        delivery.note_trouble(FILES, None)
        assert journal.trouble == {}
        journal.discard()
        delivery.note_trouble(FILES, ConnectionError("down"))
        assert not journal.folder.exists()


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
        delivery_of(journal, store_uri).open()
        Writer(journal).append(Param("p", "v"))
        Writer(journal).append(End("FINISHED", 9))
        delivery = delivery_of(Journal(journal.folder), other_uri, complete=True)
        finish(delivery)
        run = run_of(client_of(other_uri))
        assert run.data.params == {"p": "v"}
        assert run.info.status == "FINISHED"
        assert "mlflow_on_kedro" not in {record.name.partition(".")[0] for record in caplog.records}

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
        send(delivery_of(journal, store_uri))
        write.append(Param("q", "v"))
        write.append(Text("b.txt", "b"))
        delivery_of(Journal(journal.folder), other_uri, complete=True).open()  # and is killed
        send(delivery_of(Journal(journal.folder), other_uri, complete=True))
        other = client_of(other_uri)
        run = run_of(other)
        assert run.data.params == {"p": "v", "q": "v"}
        assert [item.path for item in other.list_artifacts(run.info.run_id)] == ["b.txt"]
        ours = [record for record in caplog.records if record.name.startswith("mlflow_on_kedro")]
        assert "to which a part was delivered" in ours[0].getMessage()
        assert "did not take the artifact a.txt" in ours[1].getMessage()

    def test_the_same_store(self, journal: Journal, store_uri: str, client: Any) -> None:
        """A run that is there is used, however it is reached."""
        Writer(journal).append(Param("p", "v"))
        send(delivery_of(journal, store_uri))
        run_id = run_of(client).info.run_id
        delivery = delivery_of(Journal(journal.folder), f"{store_uri}?timeout=30", complete=True)
        send(delivery)
        assert delivery.opened is not None
        assert delivery.opened.run_id == run_id

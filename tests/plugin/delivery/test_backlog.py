"""Journals of runs that are over: found, delivered once, never taken from a run in progress."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow_on_kedro.delivery import backlog, journal_delivery
from mlflow_on_kedro.delivery.backlog import (
    STRAY_SECONDS,
    PendingJournal,
    deliver_backlog,
    delivery_uri,
    find,
)
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.delivery.journal_delivery import deliver
from mlflow_on_kedro.delivery.mlflow_run import WAITING_TAG
from mlflow_on_kedro.delivery.pending import PendingSize
from mlflow_on_kedro.delivery.run_delivery import RunDelivery
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.journal.entries import FILES, VALUES, End, Metric, Param, Text
from mlflow_on_kedro.journal.folder import HEADER, LOCK, Journal, new_id
from mlflow_on_kedro.journal.records import Header
from mlflow_on_kedro.journal.state import CREATE_REQUESTED, DELIVERED
from mlflow_on_kedro.journal.writer import Writer
from mlflow_on_kedro.utils.secrets import without_credentials

Make = Callable[..., Journal]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project's root."""
    return tmp_path / "project"


@pytest.fixture
def make(root: Path, store_uri: str) -> Make:
    """A function that leaves a journal behind; its arguments are the header's and ``entries``."""

    def make_(*entries: Any, **header: Any) -> Journal:
        content = {"experiment": "demo", "start_ms": 5, "root": str(root), "uri": store_uri}
        journal = Journal.create(
            root / ".mlflow_on_kedro" / "journal", Header(new_id(), **{**content, **header})
        )
        write = Writer(journal)
        for entry in entries or (Param("p", "v"), Text("a.txt", "a"), End("FINISHED", 99)):
            write.append(entry)
        journal.release()
        return Journal(journal.folder)

    return make_


def runs(client: Any) -> list[Any]:
    """The runs of the experiment."""
    found = client.get_experiment_by_name("demo")
    return list(client.search_runs([found.experiment_id])) if found else []


class TestFind:
    """Where journals are looked for."""

    def test_places(self, make: Make, root: Path) -> None:
        """A root, its working folder, the journals' folder and one journal are understood."""
        first, second = make(start_ms=7), make(start_ms=6)
        places = [root, root / ".mlflow_on_kedro", root / ".mlflow_on_kedro" / "journal"]
        for place in places:
            assert [item.folder for item in find(place)] == [second.folder, first.folder]
        assert [item.folder for item in find(first.folder)] == [first.folder]

    def test_nothing(self, tmp_path: Path, root: Path) -> None:
        """Anywhere else there are none."""
        assert find(root) == []
        assert find(tmp_path) == []
        (tmp_path / "file").touch()
        assert find(tmp_path / "file") == []

    @pytest.mark.parametrize("header", ["", "{}", "[]", '{"start_ms": "x"}', '{"format": 99}'])
    def test_damaged_headers(self, make: Make, root: Path, header: str) -> None:
        """A damaged header hides no other journal, whatever is wrong with it."""
        good, bad = make(), make()
        (bad.folder / HEADER).write_text(header)
        assert {item.folder for item in find(root)} == {good.folder, bad.folder}


class TestLook:
    """What is said of a journal."""

    def test_it_waits(self, make: Make) -> None:
        """What waits is counted, and to look changes nothing."""
        journal = make()
        waiting = PendingJournal.from_journal(journal)
        assert not waiting.running
        assert waiting.size.files == 1
        assert waiting.size.file_bytes == 1
        assert waiting.size.entry_bytes == sum(journal.sizes(VALUES).values())
        assert not PendingJournal.from_journal(journal).running

    def test_in_progress(self, make: Make) -> None:
        """A journal that somebody holds is in progress."""
        journal = make()
        holder = Journal(journal.folder)
        holder.hold()
        assert PendingJournal.from_journal(journal).running
        holder.release()
        assert not PendingJournal.from_journal(journal).running


class TestDeliver:
    """Delivering one."""

    def test_as_it_was(self, make: Make, store_uri: str, client: Any, root: Path) -> None:
        """The run arrives with its own times, values, artifacts and status; the journal goes."""
        journal = make(
            Param("p", "v"),
            Metric("m", 2.0, 33, 4),
            Text("t/a.txt", "a"),
            End("FAILED", 99),
            run_name="mine",
            start_ms=22,
        )
        told: list[Any] = []
        delivery = deliver(journal, Connection(store_uri), root, progress=told.append)
        (run,) = runs(client)
        assert (run.info.start_time, run.info.end_time) == (22, 99)
        assert (run.info.status, run.info.run_name, delivery.status) == ("FAILED", "mine", "FAILED")
        assert run.data.params == {"p": "v"}
        (point,) = client.get_metric_history(run.info.run_id, "m")
        assert (point.timestamp, point.step, point.value) == (33, 4, 2.0)
        path = client.download_artifacts(run.info.run_id, "t/a.txt")
        assert Path(path).read_text() == "a"
        assert not journal.folder.exists()
        assert told[-1].entry_bytes == told[-1].files == 0

    def test_killed(self, make: Make, store_uri: str, client: Any, root: Path) -> None:
        """A run that was killed ends when it last wrote something."""
        journal = make(Param("p", "v"))
        for name in journal.sizes():
            os.utime(journal.folder / name, (1_700_000_000, 1_700_000_000))
        deliver(journal, Connection(store_uri), root)
        (run,) = runs(client)
        assert (run.info.status, run.info.end_time) == ("KILLED", 1_700_000_000_000)

    def test_two_copies(self, make: Make, store_uri: str, client: Any, root: Path) -> None:
        """A journal that was copied and is delivered from both places is one run."""
        journal = make()
        copy = root / "copy"
        shutil.copytree(journal.folder, copy)
        deliver(journal, Connection(store_uri), root)
        deliver(Journal(copy), Connection(store_uri), root)
        assert len(runs(client)) == 1

    def test_half_delivered(self, make: Make, store_uri: str, client: Any, root: Path) -> None:
        """What was delivered before a crash is not there twice, wherever the crash was."""
        journal = make(*(Metric("m", float(n), n, n) for n in range(5)), End("FINISHED", 99))
        copy = root / "copy"
        (journal.folder / CREATE_REQUESTED).touch()  # as a process does before it asks for the run
        shutil.copytree(journal.folder, copy)
        deliver(journal, Connection(store_uri), root)
        deliver(Journal(copy), Connection(store_uri), root)
        (run,) = runs(client)
        assert len(client.get_metric_history(run.info.run_id, "m")) == 5

    def test_in_progress(self, make: Make, store_uri: str, client: Any, root: Path) -> None:
        """The journal of a run in progress is left alone."""
        journal = make()
        holder = Journal(journal.folder)
        holder.hold()
        with pytest.raises(BlockingIOError):
            deliver(journal, Connection(store_uri), root)
        assert runs(client) == []
        holder.release()

    def test_removed_just_now(self, make: Make, store_uri: str, client: Any, root: Path) -> None:
        """A journal that another process has delivered and is removing is not delivered again."""
        journal = make()
        PendingJournal.from_journal(journal)
        (journal.folder / HEADER).unlink()
        with pytest.raises(FileNotFoundError):
            deliver(journal, Connection(store_uri), root)
        assert runs(client) == []

    def test_several_at_once(self, make: Make, store_uri: str, client: Any, root: Path) -> None:
        """Of several that deliver at once one does, and the others see it."""
        journals = [make() for _ in range(3)]
        for journal in journals:
            PendingJournal.from_journal(journal)

        def work(_: int) -> int:
            done = 0
            for journal in find(root):
                try:
                    deliver(journal, Connection(store_uri), root)
                    done += 1
                except (OSError, ValueError):
                    pass
            return done

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(work, range(4))) == 3
        assert [run.info.status for run in runs(client)] == ["FINISHED"] * 3
        assert find(root) == []

    def test_the_store_fails(self, make: Make, root: Path) -> None:
        """A store that cannot be reached leaves the journal as it was, not held, and says why."""
        journal = make()
        before = journal.sizes()
        with pytest.raises(Exception, match=r"127\.0\.0\.1"):
            deliver(journal, Connection("http://127.0.0.1:9"), root)
        assert journal.sizes() == before
        assert not PendingJournal.from_journal(journal).running
        assert "Connection refused" in journal.trouble[VALUES].reason
        assert FILES not in journal.trouble

    def test_damaged_lines(
        self,
        make: Make,
        store_uri: str,
        client: Any,
        root: Path,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """A damaged line is said and costs nothing but itself, also a last one that is cut."""
        journal = make()
        (name,) = journal.sizes(VALUES)
        path = journal.folder / name
        path.write_bytes(b"#damaged\n" + path.read_bytes() + b'{"kind": "pa')
        deliver(journal, Connection(store_uri), root)
        (run,) = runs(client)
        assert run.data.params == {"p": "v"}
        assert run.info.status == "FINISHED"
        assert caplog.text.count("A line of the journal is damaged and is left out") == 2

    @pytest.mark.parametrize("text", ["{", '{"x": null}', "[]"])
    def test_damaged_positions(
        self, make: Make, store_uri: str, client: Any, root: Path, text: str
    ) -> None:
        """Where it is not known how far the delivery came, all is delivered."""
        journal = make()
        (journal.folder / DELIVERED).write_text(text)
        deliver(journal, Connection(store_uri), root)
        assert runs(client)[0].data.params == {"p": "v"}

    def test_somebody_else_sends(self, make: Make, store_uri: str, client: Any, root: Path) -> None:
        """A journal whose process has ended, but that another one delivers, is left alone."""
        journal = make()
        sender = Journal(journal.folder)
        sender.hold_sender()
        assert PendingJournal.from_journal(journal).running
        with pytest.raises(BlockingIOError):
            deliver(journal, Connection(store_uri), root)
        assert runs(client) == []
        sender.release()
        deliver(journal, Connection(store_uri), root)
        assert len(runs(client)) == 1

    def test_another_experiment(self, make: Make, store_uri: str, client: Any, root: Path) -> None:
        """A run goes to another experiment than was meant where that is asked for."""
        deliver(make(), Connection(store_uri), root, experiment="/Shared/x")
        assert runs(client) == []
        there = client.get_experiment_by_name("/Shared/x").experiment_id
        assert len(client.search_runs([there])) == 1

    def test_the_artifact_store_is_away(
        self,
        make: Make,
        store_uri: str,
        client: Any,
        root: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Values and end are delivered; the files wait, with the reason, and arrive later."""
        journal = make()

        def down(*_: Any) -> None:
            raise ConnectionError("the store is down")

        with monkeypatch.context() as patch:
            patch.setattr(MlflowClient, "log_artifact", down)
            delivery = deliver(journal, Connection(store_uri), root)
        assert isinstance(delivery.files_failure, ConnectionError)
        (run,) = runs(client)
        assert (run.info.status, run.data.params) == ("FINISHED", {"p": "v"})
        assert run.data.tags[WAITING_TAG] == "a.txt"
        assert journal.trouble[FILES].reason == "ConnectionError: the store is down"
        assert PendingJournal.from_journal(journal).size == PendingSize(
            files=1, file_bytes=1, entry_bytes=delivery.pending().entry_bytes
        )
        delivery = deliver(journal, Connection(store_uri), root)
        assert delivery.files_failure is None
        (run,) = runs(client)
        assert WAITING_TAG not in run.data.tags
        assert [item.path for item in client.list_artifacts(run.info.run_id)] == ["a.txt"]
        assert not journal.folder.exists()

    def test_patience(
        self,
        make: Make,
        store_uri: str,
        client: Any,
        root: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """With patience a store that is away for a moment is asked again."""
        monkeypatch.setattr(journal_delivery, "FIRST_RETRY_SECONDS", 0.01)
        failures = iter([ConnectionError("down")] * 3)
        real = MlflowClient.log_artifact

        def log_artifact(*words: Any) -> None:
            failure = next(failures, None)
            if failure is not None:
                raise failure
            real(*words)

        monkeypatch.setattr(MlflowClient, "log_artifact", log_artifact)
        delivery = deliver(make(), Connection(store_uri), root, patience=30.0)
        assert delivery.files_failure is None
        assert runs(client)[0].info.status == "FINISHED"

    def test_hopeless(
        self, make: Make, store_uri: str, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What no other try mends is not tried again, whatever the patience."""
        tries: list[int] = []

        def fail(_: RunDelivery) -> None:
            tries.append(1)
            raise ConfigError("no such run")

        monkeypatch.setattr(RunDelivery, "open", fail)
        with pytest.raises(ConfigError):
            deliver(make(), Connection(store_uri), root, patience=30.0)
        assert len(tries) == 1


class TestRefused:
    """What was refused before."""

    @pytest.fixture
    def refused(
        self, make: Make, store_uri: str, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Journal:
        """A journal with nothing left but a file that may pass and a metric that does not."""
        journal = make(
            Metric("..", 1.0, 5), Param("p", "v"), Text("a.txt", "a"), End("FINISHED", 9)
        )

        def full(*_: Any) -> None:
            raise RuntimeError("failed with error code 507 != 200")

        with monkeypatch.context() as patch:
            patch.setattr(MlflowClient, "log_artifact", full)
            deliver(journal, Connection(store_uri), root)
        assert [item.may_pass for item in journal.set_aside] == [False, True]
        return journal

    @pytest.mark.parametrize(
        ("retry", "left"), [("none", ["..", "a.txt"]), ("passing", [".."]), ("all", [".."])]
    )
    def test_retry(
        self, refused: Journal, store_uri: str, client: Any, root: Path, retry: str, left: list[str]
    ) -> None:
        """It is sent again as is asked for; what is refused once more stays."""
        tries = refused.set_aside[0].tries
        delivery = deliver(refused, Connection(store_uri), root, retry=retry)
        assert delivery.status == "FINISHED"
        items = Journal(refused.folder).set_aside
        assert [item.entry.title.split()[-1].strip("'") for item in items] == left
        assert (items[0].tries > tries) is (retry == "all")
        (run,) = runs(client)
        assert (WAITING_TAG in run.data.tags) is ("a.txt" in left)

    def test_by_a_later_run(
        self, refused: Journal, store_uri: str, client: Any, root: Path
    ) -> None:
        """A later run sends what may pass, and then leaves the rest to the user."""
        assert list(deliver_backlog(root, store_uri, skip="")) == [None]
        assert PendingJournal.from_journal(refused).size == PendingSize(set_aside=1)
        (run,) = runs(client)
        assert [item.path for item in client.list_artifacts(run.info.run_id)] == ["a.txt"]
        before = refused.set_aside
        assert list(deliver_backlog(root, store_uri, skip="")) == []
        assert refused.set_aside == before

    def test_elsewhere(
        self, refused: Journal, root: Path, tmp_path: Path, store_template: Path, client_of: Any
    ) -> None:
        """What one store has refused is delivered to another that takes it."""
        shutil.copy(store_template, tmp_path / "other.db")
        other = f"sqlite:///{(tmp_path / 'other.db').as_posix()}"
        deliver(refused, Connection(other), root)
        (run,) = runs(client_of(other))
        assert run.data.params == {"p": "v"}
        assert [item.path for item in client_of(other).list_artifacts(run.info.run_id)] == ["a.txt"]


class TestDeliverEarlier:
    """The run that another goes on with."""

    def test_first(self, make: Make, store_uri: str, client: Any, root: Path) -> None:
        """It is delivered before, so that the later one goes on with the same run."""
        first = make(Param("p", "v"), End("FAILED", 99))
        second = make(Param("q", "v"), End("FINISHED", 199), resume=first.folder.name, start_ms=150)
        deliver(second, Connection(store_uri), root)
        (run,) = runs(client)
        assert (run.info.status, run.data.params) == ("FINISHED", {"p": "v", "q": "v"})
        assert find(root) == []

    @pytest.mark.parametrize("name", ["no such", "../../x", "0" * 24])
    def test_none(self, make: Make, store_uri: str, client: Any, root: Path, name: str) -> None:
        """One that is not here, or no journal's name, is nothing."""
        deliver(make(resume=name), Connection(store_uri), root)
        assert len(runs(client)) == 1


class TestDeliverEach:
    """What a later run of the project does."""

    def test_what_is_meant_for_this_store(
        self, make: Make, store_uri: str, client: Any, root: Path
    ) -> None:
        """Dead runs for the same store are delivered, one at a time; all others wait."""
        own, dead, other = make(), [make(), make()], make(uri="http://127.0.0.1:9")
        offline, held = make(uri=None), make()
        holder = Journal(held.folder)
        holder.hold()
        pieces = deliver_backlog(root, store_uri, skip=own.folder.name)
        assert runs(client) == []
        next(pieces)
        assert len(runs(client)) == 1
        assert list(pieces) == [None]
        assert len(runs(client)) == 2
        left = {item.folder for item in find(root)}
        assert left == {item.folder for item in (own, other, offline, held)}
        assert not any(item.folder.exists() for item in dead)
        holder.release()

    def test_credentials_make_no_difference(self, make: Make, root: Path) -> None:
        """A store is the same with other credentials."""
        journal = make(uri="http://127.0.0.1:9")
        assert list(deliver_backlog(root, "http://me:pw@127.0.0.1:9", skip="")) == []
        assert journal.exists()

    @pytest.mark.parametrize("header", ["", "[]", '{"start_ms": "x"}', '{"format": 99}'])
    def test_a_damaged_one(
        self, make: Make, store_uri: str, client: Any, root: Path, header: str
    ) -> None:
        """A damaged journal is a warning, never an error of the present run."""
        bad = make()
        (bad.folder / HEADER).write_text(header)
        list(deliver_backlog(root, store_uri, skip=""))
        assert bad.folder.exists()
        assert runs(client) == []

    def test_one_that_fails(
        self,
        make: Make,
        store_uri: str,
        client: Any,
        root: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """One run's trouble keeps no other from being delivered, and is said."""
        journals = [make(start_ms=number) for number in range(3)]
        real = RunDelivery.open

        def open_(self: RunDelivery) -> Any:
            if self.header.start_ms == 1:
                raise PermissionError("this user may not")
            return real(self)

        monkeypatch.setattr(RunDelivery, "open", open_)
        assert list(deliver_backlog(root, store_uri, skip="")) == [None, None]
        assert len(runs(client)) == 2
        assert [item.folder for item in find(root)] == [journals[1].folder]
        (record,) = (item for item in caplog.records if item.levelname == "WARNING")
        assert str(journals[1].folder) in record.getMessage()

    def test_a_server_that_is_away(
        self, make: Make, root: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A server that does not answer is asked once, not for each journal."""
        for _ in range(3):
            make(uri="http://127.0.0.1:9")
        assert list(deliver_backlog(root, "http://127.0.0.1:9", skip="")) == []
        assert len([item for item in caplog.records if item.levelname == "WARNING"]) == 1

    def test_no_folder(self, root: Path, store_uri: str) -> None:
        """A project without any is no error."""
        assert list(deliver_backlog(root, store_uri, skip="")) == []

    def test_strays(self, make: Make, store_uri: str, root: Path) -> None:
        """Folders without a header go after a day, and what is no folder stays."""
        folder = make().folder.parent
        for name in ("old", "new"):
            (folder / name / "files").mkdir(parents=True)
        (folder / "file").touch()
        before = time.time() - STRAY_SECONDS - 10
        for name in ("old", "file"):
            os.utime(folder / name, (before, before))
        list(deliver_backlog(root, store_uri, skip=""))
        assert {path.name for path in folder.iterdir()} == {"new", "file"}

    def test_strays_that_vanish(
        self, make: Make, store_uri: str, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A folder that its own process removes at that moment is no error."""
        folder = make().folder.parent
        (folder / "stray").mkdir()
        real = time.time

        def vanish() -> float:
            shutil.rmtree(folder / "stray", ignore_errors=True)
            return real()

        monkeypatch.setattr(backlog.time, "time", vanish)
        list(deliver_backlog(root, store_uri, skip=""))


class TestUriOf:
    """Where a journal is delivered."""

    HEADER = Header("a", "demo", start_ms=5, root="/")

    @pytest.mark.parametrize(
        ("recorded", "configured", "given", "expected"),
        [
            (None, "http://me:pw@a", None, "http://me:pw@a"),
            ("http://a", "http://me:pw@a", None, "http://me:pw@a"),
            ("http://b", "http://me:pw@a", None, "http://b"),
            ("http://b", "http://me:pw@a", "http://c", "http://c"),
            (None, "http://a", "http://c", "http://c"),
            ("sqlite:///:memory:", "http://a", None, "sqlite:///:memory:"),
        ],
    )
    def test_which(
        self, recorded: str | None, configured: str, given: str | None, expected: str
    ) -> None:
        """What is given wins; then what was recorded, with the project's own credentials."""
        assert (
            delivery_uri(replace(self.HEADER, uri=recorded), configured, given, Path("/"))
            == expected
        )

    def test_a_store_that_is_not_here(self, tmp_path: Path) -> None:
        """A local store of a project on another machine is not made here."""
        header = replace(self.HEADER, uri=f"sqlite:///{(tmp_path / 'no' / 'x.db').as_posix()}")
        with pytest.raises(ConfigError, match="not on this machine: give `--uri`"):
            delivery_uri(header, "http://a", None, Path("/"))
        header = replace(self.HEADER, uri=f"sqlite:///{(tmp_path / 'x.db').as_posix()}")
        assert delivery_uri(header, "http://a", None, Path("/")) == header.uri

    def test_another_projects_server(self) -> None:
        """A journal from elsewhere sends this project's credentials to no server of its choice."""
        header = replace(self.HEADER, uri="http://b", root="/elsewhere")
        with pytest.raises(ConfigError, match="--uri http://b"):
            delivery_uri(header, "http://me:pw@a", None, Path("/"))
        assert delivery_uri(header, "http://me:pw@a", "http://b", Path("/")) == "http://b"
        assert delivery_uri(header, "http://me:pw@b", None, Path("/")) == "http://me:pw@b"


def test_no_credentials_on_disk(make: Make) -> None:
    """Nothing in a journal's folder has the password of the store."""
    journal = make(uri=without_credentials("http://me:hunter2@127.0.0.1:9"))
    assert json.loads((journal.folder / HEADER).read_text())["uri"] == "http://127.0.0.1:9"
    for path in journal.folder.rglob("*"):
        if path.is_file() and not path.name.startswith(LOCK):
            assert b"hunter2" not in path.read_bytes()

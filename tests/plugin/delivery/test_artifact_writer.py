"""Artifacts: several at once, and none takes others with it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from mlflow_on_kedro.delivery.artifact_writer import ArtifactWriter
from mlflow_on_kedro.journal.entries import Entry, File, Param, Register, Text
from mlflow_on_kedro.journal.snapshot import Snapshot
from mlflow_on_kedro.tracking.failures import http_status


class Failing:
    """A client whose uploads of some artifacts fail, and which notes the names of all."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.failures: dict[str, Exception] = {}
        self.calls: list[str] = []
        self.before: Callable[[str], None] = lambda _: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def log_text(self, run_id: str, text: str, path: str) -> None:
        """Log a text, if it does not fail."""
        self._upload(path)
        self._client.log_text(run_id, text, path)

    def log_artifact(self, run_id: str, path: str, folder: str | None) -> None:
        """Log a file, if it does not fail."""
        name = Path(path).name
        self._upload(f"{folder}/{name}" if folder else name)
        self._client.log_artifact(run_id, path, folder)

    def _upload(self, name: str) -> None:
        self.calls.append(name)
        self.before(name)
        if name in self.failures:
            raise self.failures[name]


Refused = list[tuple[Entry, Exception, int]]


@pytest.fixture
def failing(client: Any) -> Failing:
    """A client of the test's own store."""
    return Failing(client)


@pytest.fixture
def run(client: Any) -> Any:
    """A run in the test's own store."""
    return client.create_run(client.create_experiment("demo"))


@pytest.fixture
def refused() -> Refused:
    """What is refused."""
    return []


@pytest.fixture
def make(failing: Failing, run: Any, refused: Refused) -> Callable[..., ArtifactWriter]:
    """A function that makes a writer to the run."""

    def make_(uri: str = run.info.artifact_uri, **options: Any) -> ArtifactWriter:
        made: Any = failing
        return ArtifactWriter(
            made, run.info.run_id, uri, lambda *words: refused.append(words), **options
        )

    return make_


Make = Callable[..., ArtifactWriter]


def there(client: Any, run: Any, folder: str | None = None) -> set[str]:
    """The paths of all artifacts of a run."""
    paths: set[str] = set()
    for item in client.list_artifacts(run.info.run_id, folder):
        paths |= there(client, run, item.path) if item.is_dir else {item.path}
    return paths


def answer(status: int) -> Exception:
    """What MLflow raises when a server answers an upload so."""
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError(f"{status} Error", response=response)


class TestUploads:
    """What arrives."""

    @pytest.mark.parametrize("threads", [1, 8])
    def test_all(self, client: Any, run: Any, make: Make, tmp_path: Path, threads: int) -> None:
        """Texts, files and folders arrive at their places; empty folders are nothing."""
        for name in ("a.txt", "deep/b.txt", "deep/er/c.txt"):
            (tmp_path / "f" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "f" / name).write_text(name)
        (tmp_path / "f" / "empty").mkdir()
        entries = [
            Text("t/naïve.txt", "東京\n"),
            File(str(tmp_path / "f"), "to"),
            File(str(tmp_path / "f")),
            File(str(tmp_path / "f" / "a.txt"), "one"),
        ]
        make(threads=threads).send(entries)
        files = {"a.txt", "deep/b.txt", "deep/er/c.txt"}
        expected = files | {f"to/{name}" for name in files} | {"one/a.txt", "t/naïve.txt"}
        assert there(client, run) == expected
        path = client.download_artifacts(run.info.run_id, "t/naïve.txt")
        assert Path(path).read_text(encoding="utf-8") == "東京\n"

    def test_at_once(self, make: Make, failing: Failing, refused: Refused) -> None:
        """To a server several are uploaded at once, after the first, which finds the store."""
        meeting = threading.Barrier(4)
        failing.before = lambda name: None if name == "first.txt" else meeting.wait(30) and None
        make(threads=4).send([Text(f"{name}.txt", name) for name in ("first", *"abcd")])
        assert refused == []

    def test_the_next_call_is_new(self, client: Any, run: Any, make: Make) -> None:
        """After a call that succeeded nothing of it is remembered."""
        writer = make()
        writer.send([Text("a.txt", "1")])
        writer.send([Text("a.txt", "2")])
        assert Path(client.download_artifacts(run.info.run_id, "a.txt")).read_text() == "2"

    def test_one_name_twice(self, client: Any, run: Any, make: Make, failing: Failing) -> None:
        """Of two artifacts of one name the later one stays, as without a pool."""
        later = threading.Event()
        count = Counter[str]()

        def slow_first(name: str) -> None:
            count[name] += 1
            if count[name] == 1:
                later.wait(2)

        real = failing._client.log_text

        def log_text(*words: Any) -> None:
            real(*words)
            if words[1] == "later":
                later.set()

        failing.before = slow_first
        failing._client.log_text = log_text
        make(threads=2).send([Text("a.txt", "first"), Text("a.txt", "later")])
        assert Path(client.download_artifacts(run.info.run_id, "a.txt")).read_text() == "later"

    def test_no_artifact(self, make: Make, refused: Refused) -> None:
        """What is no artifact is refused, and not lost without a word."""
        make().send([Param("p", "v")])
        assert [item[0] for item in refused] == [Param("p", "v")]


class TestRefused:
    """An artifact that is answered with a failure."""

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 500, 503, 507])
    @pytest.mark.parametrize("threads", [1, 8])
    def test_alone(
        self,
        client: Any,
        run: Any,
        make: Make,
        failing: Failing,
        refused: Refused,
        status: int,
        threads: int,
    ) -> None:
        """It is refused at once and asked for no second time, and takes no other with it."""
        failing.failures["b.txt"] = answer(status)
        entries = [Text(f"{name}.txt", name) for name in "abc"]
        make(threads=threads).send(entries)
        assert there(client, run) == {"a.txt", "c.txt"}
        ((entry, error, tries),) = refused
        assert (entry, http_status(error), tries) == (entries[1], status, 1)
        assert sorted(failing.calls) == ["a.txt", "b.txt", "c.txt"]

    def test_a_store_that_is_closed(self, make: Make, failing: Failing, refused: Refused) -> None:
        """A folder that may not be written refuses each, and holds nothing up."""
        entries = [Text(f"{name}.txt", name) for name in "abc"]
        for entry in entries:
            failing.failures[entry.path] = PermissionError(13, "Permission denied", "/artifacts")
        make().send(entries)
        assert [item[0] for item in refused] == entries

    def test_a_file_that_is_gone(
        self, client: Any, run: Any, make: Make, refused: Refused, tmp_path: Path
    ) -> None:
        """A file that is not there any more is refused alone."""
        gone = File(str(tmp_path / "gone.txt"))
        make().send([gone, Text("a.txt", "a")])
        assert there(client, run) == {"a.txt"}
        ((entry, error, _),) = refused
        assert entry == gone
        assert "gone.txt is not there any more" in str(error)

    @pytest.mark.parametrize("path", ["../up.txt", "/up/a.txt", "x" * 300 + ".txt"])
    def test_a_place_that_cannot_be(
        self, client: Any, run: Any, make: Make, refused: Refused, path: str, tmp_path: Path
    ) -> None:
        """One whose name no store can hold, or that leads out of the run's, is refused alone."""
        make().send([Text(path, "a"), Text("b.txt", "b")])
        assert there(client, run) == {"b.txt"}
        assert [item[0] for item in refused] == [Text(path, "a")]
        assert not [*tmp_path.rglob("up.txt"), *tmp_path.glob("**/up")]

    def test_a_folder_with_one_bad_file(
        self,
        client: Any,
        run: Any,
        make: Make,
        failing: Failing,
        refused: Refused,
        tmp_path: Path,
    ) -> None:
        """The other files of a folder arrive; the whole folder is sent again with that one."""
        (tmp_path / "f").mkdir()
        for name in "abc":
            (tmp_path / "f" / f"{name}.txt").write_text(name)
        entry = File(str(tmp_path / "f"), "to")
        failing.failures["to/b.txt"] = answer(500)
        writer = make()
        writer.send([entry])
        assert there(client, run) == {"to/a.txt", "to/c.txt"}
        assert [item[0] for item in refused] == [entry]
        failing.failures.clear()
        writer.send([entry])
        assert there(client, run) == {"to/a.txt", "to/b.txt", "to/c.txt"}

    def test_a_registration(self, make: Make, failing: Failing, refused: Refused) -> None:
        """A registration that the registry answers with a failure is refused as a file is."""
        failing.get_run = lambda _: (_ for _ in ()).throw(answer(500))  # type: ignore[attr-defined]
        make(uri="").send([Register("model"), Text("a.txt", "a")])
        assert [item[0] for item in refused] == [Register("model")]
        assert failing.calls == ["a.txt"]


class TestHoldsUp:
    """A store that no artifact can reach now."""

    @pytest.mark.parametrize("threads", [1, 2])
    def test_silent(
        self, client: Any, run: Any, make: Make, failing: Failing, refused: Refused, threads: int
    ) -> None:
        """After one that gets no answer no further one is tried: each would wait as long."""
        entries = [Text(f"{number}.txt", "x") for number in range(10)]
        for number in range(2, 10):
            failing.failures[f"{number}.txt"] = ConnectionError("down")
        writer = make(threads=threads)
        with pytest.raises(ConnectionError):
            writer.send(entries)
        assert {"0.txt", "1.txt"} <= set(failing.calls)
        assert len(failing.calls) <= 2 + threads
        assert not refused
        failing.failures.clear()
        failing.calls.clear()
        writer.send(entries)
        assert sorted(failing.calls) == [f"{number}.txt" for number in range(2, 10)]
        assert there(client, run) == {f"{number}.txt" for number in range(10)}

    def test_a_folder_goes_on_where_it_stopped(
        self, make: Make, failing: Failing, tmp_path: Path
    ) -> None:
        """Files of a folder that have arrived are not sent again."""
        (tmp_path / "f").mkdir()
        for name in "abc":
            (tmp_path / "f" / f"{name}.txt").write_text(name)
        failing.failures["b.txt"] = ConnectionError("down")
        writer, entries = make(), [File(str(tmp_path / "f"))]
        with pytest.raises(ConnectionError):
            writer.send(entries)
        failing.failures.clear()
        writer.send(entries)
        assert failing.calls == ["a.txt", "b.txt", "b.txt", "c.txt"]

    def test_busy(
        self, client: Any, run: Any, make: Make, failing: Failing, refused: Refused
    ) -> None:
        """One that is busy has each asked, and those that wait asked again later."""
        failing.failures["b.txt"] = answer(429)
        writer, entries = make(), [Text(f"{name}.txt", name) for name in "abc"]
        with pytest.raises(requests.HTTPError, match="429"):
            writer.send(entries)
        assert there(client, run) == {"a.txt", "c.txt"}
        failing.failures.clear()
        writer.send(entries)
        assert there(client, run) == {"a.txt", "b.txt", "c.txt"}
        assert failing.calls.count("a.txt") == 1
        assert not refused

    def test_a_deleted_run(self, make: Make, failing: Failing) -> None:
        """A run that is gone is one failure, not a refusal of each file."""
        from mlflow.exceptions import MlflowException
        from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST

        failing.failures["a.txt"] = MlflowException("no such run", RESOURCE_DOES_NOT_EXIST)
        with pytest.raises(MlflowException, match="no such run"):
            make().send([Text("a.txt", "a")])

    def test_refused_and_silent(self, make: Make, failing: Failing, refused: Refused) -> None:
        """What was refused in the same call is so once, and not asked for again."""
        failing.failures = {"a.txt": answer(403), "b.txt": ConnectionError("down")}
        writer, entries = make(), [Text(f"{name}.txt", name) for name in "ab"]
        for _ in range(2):
            with pytest.raises(ConnectionError):
                writer.send(entries)
        assert [item[0] for item in refused] == [entries[0]]
        assert failing.calls == ["a.txt", "b.txt", "b.txt"]


class TestNames:
    """Names that a URL cannot carry."""

    def test_to_a_server(
        self,
        client: Any,
        run: Any,
        make: Make,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """To an HTTP server each has a name of its own that survives, which is said."""
        (tmp_path / "f#").mkdir()
        for name in ("q#1.csv", "q?1.csv", "plain.csv"):
            (tmp_path / "f#" / name).write_text(name)
        make(uri="mlflow-artifacts:/1/ab").send([File(str(tmp_path / "f#"), "to"), Text("n#", "x")])
        paths = there(client, run)
        assert len(paths) == 4
        assert not any("#" in path or "?" in path for path in paths)
        assert "to/plain.csv" in paths
        content = {
            Path(client.download_artifacts(run.info.run_id, path)).read_text() for path in paths
        }
        assert content == {"q#1.csv", "q?1.csv", "plain.csv", "x"}
        assert len(caplog.records) == 3
        assert "'q#1.csv' is logged as 'q_1-" in caplog.text
        assert sorted(path.name for path in (tmp_path / "f#").iterdir()) == [
            "plain.csv",
            "q#1.csv",
            "q?1.csv",
        ], "nothing stays beside them"

    def test_to_a_store(
        self,
        client: Any,
        run: Any,
        make: Make,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Straight to a store they stay as they are."""
        make().send([Text("q#1.csv", "x")])
        assert there(client, run) == {"q#1.csv"}
        assert not caplog.records

    def test_a_folder_is_said_once(
        self, make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A folder's name that changes is said once, however many files are in it."""
        (tmp_path / "f").mkdir()
        for number in range(5):
            (tmp_path / "f" / f"{number}.csv").write_text("x")
        make(uri="mlflow-artifacts:/1/ab").send([File(str(tmp_path / "f"), "a#b")])
        assert len(caplog.records) == 1


class TestOriginals:
    """Files that were not copied."""

    @pytest.fixture
    def entry(self, tmp_path: Path) -> File:
        """A folder of two files, as it is in a journal that only names it."""
        for name in ("a.bin", "deep/b.bin"):
            (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "data" / name).write_text("content")
        snapshot = Snapshot.from_path(tmp_path / "data", tmp_path / "data")
        return File(str(tmp_path / "journal" / "data"), "to", snapshot=snapshot)

    def test_as_they_were(
        self, client: Any, run: Any, make: Make, entry: File, tmp_path: Path, refused: Refused
    ) -> None:
        """They are sent from where they lie, without what came later."""
        (tmp_path / "data" / "later.bin").write_text("later")
        make().send([entry])
        assert there(client, run) == {"to/a.bin", "to/deep/b.bin"}
        assert refused == []

    def test_changed(
        self, client: Any, run: Any, make: Make, entry: File, tmp_path: Path, refused: Refused
    ) -> None:
        """What was written to since is not sent as if it were the run's."""
        (tmp_path / "data" / "a.bin").write_text("other content")
        make().send([entry, Text("t.txt", "t")])
        assert there(client, run) == {"to/deep/b.bin", "t.txt"}
        ((_, error, _),) = refused
        assert "a.bin was changed or removed after the run had logged it" in str(error)

    def test_changed_meanwhile(
        self, make: Make, failing: Failing, entry: File, tmp_path: Path, refused: Refused
    ) -> None:
        """What is written to during its upload is said, too."""
        failing.before = lambda _: (
            (tmp_path / "data" / "a.bin").write_text("longer content") and None
        )
        make().send([entry])
        assert [item[0] for item in refused] == [entry]

    def test_a_store_that_is_away(
        self, make: Make, failing: Failing, entry: File, refused: Refused
    ) -> None:
        """They wait for it, as copies do."""
        failing.failures["to/a.bin"] = requests.ConnectionError("refused")
        with pytest.raises(requests.ConnectionError):
            make().send([entry])
        assert refused == []

    def test_a_journal_from_elsewhere(
        self, client: Any, run: Any, make: Make, entry: File, refused: Refused
    ) -> None:
        """It cannot have files of this machine sent."""
        make(originals=False).send([entry])
        assert there(client, run) == set()
        ((_, error, _),) = refused
        assert "only be delivered in the project of its run" in str(error)

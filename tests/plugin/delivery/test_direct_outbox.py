"""Delivery: in few calls, nothing lost, a store that cannot be reached said once."""

from __future__ import annotations

import math
import socket
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.delivery import direct_outbox
from mlflow_on_kedro.delivery.direct_outbox import DirectOutbox as Outbox
from mlflow_on_kedro.journal.entries import File, Metric, Param, Tag, Text
from mlflow_on_kedro.journal.records import Opened
from mlflow_on_kedro.tracking.opening import as_opened

ELSEWHERE = Opened("abc", "1", "mlflow-artifacts:/1/abc", "wise-owl")


@pytest.fixture(autouse=True)
def _in_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A current folder of the test's own: MLflow keeps artifacts there."""
    monkeypatch.chdir(tmp_path)


class Counting:
    """A client that counts the calls made through it, and fails where it is told to."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: Counter[str] = Counter()
        self.failures: dict[str, Exception] = {}

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*args: Any, **options: Any) -> Any:
            self.calls[name] += 1
            if name in self.failures:
                raise self.failures[name]
            return method(*args, **options)

        return call


class Store:
    """One run in a store, and an outbox for it."""

    def __init__(self, client: Any, uri: str) -> None:
        self.uri = uri
        self.client = client
        self.opened = as_opened(client.create_run(client.create_experiment("demo")).info)
        self.run_id = self.opened.run_id
        self.counting = Counting(client)

    def outbox(self, *, raising: bool = False) -> Outbox:
        """Make an outbox that delivers through the counting client."""
        client: Any = self.counting
        return Outbox(self.uri, self.opened, client=client, raising=raising)

    @property
    def data(self) -> Any:
        """What the run has."""
        return self.client.get_run(self.run_id).data

    @property
    def tags(self) -> dict[str, str]:
        """The run's tags, but for MLflow's own."""
        return {key: tag for key, tag in self.data.tags.items() if not key.startswith("mlflow.")}

    def text(self, path: str) -> str:
        """The content of an artifact."""
        return Path(self.client.download_artifacts(self.run_id, path)).read_text(encoding="utf-8")


@pytest.fixture
def store(client: Any, store_uri: str) -> Store:
    """A run in a store of the test's own."""
    return Store(client, store_uri)


def refuse(message: str = "no") -> Exception:
    """What MLflow raises for an entry that it does not take."""
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE

    return MlflowException(message, INVALID_PARAMETER_VALUE)


def closed_port() -> int:
    """A port where nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class TestBatches:
    """Cost is per request, so there are few of them."""

    def test_few_calls(self, store: Store) -> None:
        """100 params, 300 metrics and 50 tags take one call to the client."""
        box = store.outbox()
        for number in range(100):
            box.put(Param(f"p{number}", "v"))
        for number in range(300):
            box.put(Metric(f"m{number}", number, 1))
        for number in range(50):
            box.put(Tag(f"t{number}", "v"))
        assert not store.counting.calls
        box.flush()
        assert store.counting.calls == {"log_batch": 1}
        assert len(store.data.params) == 100
        assert len(store.data.metrics) == 300
        assert len(store.tags) == 50

    def test_more_than_mlflow_takes_at_once(self, store: Store) -> None:
        """MLflow's own limits of a batch are no limits here."""
        box = store.outbox()
        for number in range(450):
            box.put(Param(f"p{number}", "v") if number % 2 else Tag(f"t{number}", "v"))
        box.flush()
        assert len(store.data.params) == len(store.tags) == 225

    def test_nothing_to_say(self, store: Store) -> None:
        """Nothing gathered, nothing sent."""
        box = store.outbox()
        box.flush()
        box.flush(last=True)
        assert not store.counting.calls

    def test_delivered_once(self, store: Store) -> None:
        """What was delivered is not sent again."""
        box = store.outbox()
        box.put(Param("p", "v"))
        box.flush()
        box.flush()
        assert store.counting.calls == {"log_batch": 1}

    def test_when_enough_has_gathered(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """Entries are sent without being asked for when there are enough of them."""
        monkeypatch.setattr(direct_outbox, "FLUSH_SIZE", 10)
        box = store.outbox()
        for step in range(25):
            box.put(Metric("m", step, 1, step))
        assert store.counting.calls == {"log_batch": 2}

    def test_when_time_has_passed(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """Entries are sent with the first put after some seconds."""
        box = store.outbox()
        box.put(Param("a", "v"))
        assert not store.counting.calls
        monkeypatch.setattr(direct_outbox, "FLUSH_SECONDS", 0.0)
        box.put(Param("b", "v"))
        assert set(store.data.params) == {"a", "b"}

    def test_files_at_once(self, store: Store, tmp_path: Path) -> None:
        """A file is sent at once, because its content may change later."""
        file = tmp_path / "a.txt"
        file.write_text("first")
        store.outbox().put(File(str(file), "folder"))
        file.write_text("second")
        assert store.text("folder/a.txt") == "first"

    def test_the_same_again(self, store: Store) -> None:
        """The same params, tags and points twice in a batch cost one call and are stored once."""
        box = store.outbox()
        for entry in [Param("p", "v"), Metric("m", 1.0, 5, 2), Tag("t", "first")] * 2:
            box.put(entry)
        box.put(Tag("t", "last"))
        box.flush()
        assert store.counting.calls == {"log_batch": 1}
        assert store.data.params == {"p": "v"}
        assert store.tags == {"t": "last"}
        assert len(store.client.get_metric_history(store.run_id, "m")) == 1


class TestKinds:
    """Each kind of entry arrives as it was."""

    def test_values(self, store: Store) -> None:
        """Params, metrics and tags arrive with their values, times and steps."""
        box = store.outbox()
        box.put(Param("p", "東京"))
        box.put(Metric("m", 1.5, 1_700_000_000_123, 7))
        box.put(Metric("nan", math.nan, 5))
        box.put(Tag("t", ""))
        box.flush()
        assert store.data.params == {"p": "東京"}
        assert store.tags == {"t": ""}
        (point,) = store.client.get_metric_history(store.run_id, "m")
        assert (point.value, point.timestamp, point.step) == (1.5, 1_700_000_000_123, 7)
        assert math.isnan(store.data.metrics["nan"])

    def test_artifacts(self, store: Store, tmp_path: Path) -> None:
        """Texts, files and folders arrive at their places."""
        folder = tmp_path / "many"
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "a.txt").write_text("a")
        box = store.outbox()
        box.put(Text("error/traceback.txt", "naïve 東京\n"))
        box.put(File(str(folder), "here"))
        box.put(File(str(folder / "deep" / "a.txt")))
        box.flush()
        assert store.text("error/traceback.txt") == "naïve 東京\n"
        assert store.text("here/deep/a.txt") == store.text("a.txt") == "a"


class TestBadEntries:
    """One bad entry takes no others with it."""

    @pytest.mark.parametrize("place", [0, 137, 299])
    def test_left_out(self, store: Store, place: int, caplog: pytest.LogCaptureFixture) -> None:
        """An entry that MLflow refuses is said and left out; all others arrive, in few calls."""
        box = store.outbox()
        for number in range(300):
            box.put(Metric("bad//key" if number == place else f"m{number}", 1.0, 5))
        box.put(Param("p", "v"))
        box.flush()
        assert len(store.data.metrics) == 299
        assert store.data.params == {"p": "v"}
        assert "MLflow did not take the metric 'bad//key', which is left out." in caplog.text
        assert len(caplog.records) == 1
        assert store.counting.calls.total() < 50

    def test_several(self, store: Store, caplog: pytest.LogCaptureFixture) -> None:
        """Several bad entries of several kinds are all left out, each said: nothing keeps them."""
        box = store.outbox()
        for entry in [Param("/a", "v"), Param("b", "v"), Metric("..", 1, 1), Tag("c//", "v")]:
            box.put(entry)
        box.flush()
        assert store.data.params == {"b": "v"}
        said = sorted(str(record.args[1]) for record in caplog.records)  # type: ignore[index]
        assert said == ["metric '..'", "param '/a'", "tag 'c//'"]

    def test_a_missing_file(
        self, store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A file that is not there is said and left out; what came with it arrives."""
        box = store.outbox()
        box.put(Param("p", "v"))
        box.put(File(str(tmp_path / "missing.txt")))
        box.put(Text("a.txt", "a"))
        box.flush()
        assert store.data.params == {"p": "v"}
        assert store.text("a.txt") == "a"
        assert "missing.txt, which is left out" in caplog.text

    @pytest.mark.parametrize("path", ["../up.txt", "x" * 300 + ".txt"])
    def test_a_place_that_cannot_be(
        self, store: Store, path: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """An artifact whose name no store can hold is said and left out."""
        box = store.outbox()
        box.put(Text(path, "a"))
        box.put(Text("b.txt", "b"))
        box.flush()
        assert store.text("b.txt") == "b"
        assert "MLflow did not take the artifact" in caplog.text
        assert "cannot be reached" not in caplog.text

    def test_raised(self, store: Store) -> None:
        """With `on_failure: raise` a refused entry is raised."""
        box = store.outbox(raising=True)
        box.put(Param("bad//key", "v"))
        with pytest.raises(Exception, match="bad//key"):
            box.flush()


class TestChangedParams:
    """MLflow keeps the first value of a parameter; the later one is kept too."""

    def test_from_another_process(self, store: Store, caplog: pytest.LogCaptureFixture) -> None:
        """A value that differs from one logged elsewhere becomes a tag, and is said."""
        store.client.log_param(store.run_id, "depth", "3")
        box = store.outbox()
        for number in range(50):
            box.put(Param(f"p{number}", "v"))
        box.put(Param("depth", "4"))
        box.put(Metric("m", 1.0, 5))
        box.flush()
        assert store.data.params["depth"] == "3"
        assert len(store.data.params) == 51
        assert store.data.metrics == {"m": 1.0}
        assert store.tags == {"param_changed.depth": "4"}
        assert "'depth' was logged as '3' and now as '4'" in caplog.text
        assert store.counting.calls.total() <= 3

    def test_within_a_batch(self, store: Store) -> None:
        """Two values in one batch are both kept."""
        box = store.outbox()
        box.put(Param("depth", "3"))
        box.put(Param("depth", "4"))
        box.flush()
        assert store.data.params == {"depth": "3"}
        assert store.tags == {"param_changed.depth": "4"}

    def test_all_of_them(self, store: Store) -> None:
        """A run continued with other values for all parameters takes few calls."""
        for value in ("1", "2"):
            box = store.outbox()
            for number in range(100):
                box.put(Param(f"p{number}", value))
            box.flush()
        assert set(store.data.params.values()) == {"1"}
        assert len(store.tags) == 100
        assert set(store.tags.values()) == {"2"}
        assert store.counting.calls.total() < 10


class TestUnreachable:
    """A store that cannot be reached never stops a pipeline."""

    def test_said_once(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """One warning names the URI without its credentials, and what to do; nothing is raised."""
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        monkeypatch.setattr(direct_outbox, "RETRY_SECONDS", 0.0)
        port = closed_port()
        box = Outbox(f"http://me:hunter2@127.0.0.1:{port}", ELSEWHERE)
        for number in range(3):
            box.put(Param(f"p{number}", "v"))
            box.flush()
        box.flush(last=True)
        (record,) = caplog.records
        message = record.getMessage()
        assert f"MLflow at http://***@127.0.0.1:{port} cannot be reached" in message
        assert "tracking.uri" in message
        assert "hunter2" not in message
        assert "\n" not in message

    def test_raised(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With `on_failure: raise` the error itself is raised."""
        from mlflow.exceptions import MlflowException

        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        box = Outbox(f"http://127.0.0.1:{closed_port()}", ELSEWHERE, raising=True)
        box.put(Param("p", "v"))
        with pytest.raises(MlflowException, match=r"127\.0\.0\.1"):
            box.flush()

    def test_delivered_later(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """What could not be delivered is kept, and delivered when the store is back."""
        box = store.outbox()
        store.counting.failures["log_batch"] = ConnectionError("down")
        for entry in [Param("p", "v"), Metric("m", 1.0, 1_700_000_000_000, 3), Text("a.txt", "a")]:
            box.put(entry)
        box.flush()
        assert store.data.params == {}
        store.counting.failures.clear()
        box.put(Tag("t", "v"))
        box.flush()
        assert store.data.params == {}, "the next try waits"
        monkeypatch.setattr(box, "_next_try", time.monotonic())
        box.flush()
        assert store.data.params == {"p": "v"}
        assert store.tags == {"t": "v"}
        assert store.text("a.txt") == "a"
        (point,) = store.client.get_metric_history(store.run_id, "m")
        assert point.timestamp == 1_700_000_000_000

    def test_no_call_while_it_waits(self, store: Store) -> None:
        """After a failure no call is made for a while, so that the pipeline does not wait."""
        box = store.outbox()
        store.counting.failures["log_batch"] = ConnectionError("down")
        box.put(Param("p", "v"))
        for _ in range(10):
            box.flush()
        assert store.counting.calls == {"log_batch": 1}

    def test_the_last_try(self, store: Store) -> None:
        """The last delivery is tried, however short the last failure is ago."""
        box = store.outbox()
        store.counting.failures["log_batch"] = ConnectionError("down")
        box.put(Param("p", "v"))
        box.flush()
        store.counting.failures.clear()
        box.flush(last=True)
        assert store.data.params == {"p": "v"}

    @pytest.mark.parametrize("raising", [True, False])
    def test_an_artifact_that_fails(
        self,
        store: Store,
        raising: bool,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """An artifact store that is away holds up no value; what waits is tried again."""
        box = store.outbox(raising=raising)
        calls: list[str] = []

        def log_text(_run: str, _content: str, path: str) -> None:
            calls.append(path)
            if path == "b.txt" and calls.count("b.txt") < 3:
                raise ConnectionError("down")

        store.counting.log_text = log_text  # type: ignore[attr-defined]
        for name in "abc":
            box.put(Text(f"{name}.txt", name))
        box.put(Param("p", "v"))
        for last in (False, True, True):
            monkeypatch.setattr(box, "_next_try", 0.0)
            try:
                box.flush(last=last)
            except ConnectionError:
                assert raising
            assert store.data.params == {"p": "v"}
        assert calls == ["a.txt", "b.txt", "b.txt", "b.txt", "c.txt"]
        assert len(caplog.records) == (0 if raising else 1)

    def test_a_refused_artifact(self, store: Store, caplog: pytest.LogCaptureFixture) -> None:
        """One that is answered with a failure is left out at once: nothing keeps it for later."""
        box = store.outbox()
        calls: list[str] = []

        def log_text(_run: str, _content: str, path: str) -> None:
            calls.append(path)
            if path == "b.txt":
                raise RuntimeError("failed with error code 507 != 200")

        store.counting.log_text = log_text  # type: ignore[attr-defined]
        for name in "abc":
            box.put(Text(f"{name}.txt", name))
        box.flush()
        box.flush(last=True)
        assert calls == ["a.txt", "b.txt", "c.txt"]
        assert "did not take the artifact b.txt, which is left out" in caplog.text


class TestThreads:
    """An outbox that several threads use."""

    def test_threads(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """Threads that put and flush at once lose nothing."""
        from concurrent.futures import ThreadPoolExecutor

        monkeypatch.setattr(direct_outbox, "FLUSH_SIZE", 7)
        box = store.outbox()

        def work(thread: int) -> None:
            for number in range(20):
                box.put(Metric(f"m{thread}.{number}", 1.0, 5))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        box.flush()
        assert len(store.data.metrics) == 160

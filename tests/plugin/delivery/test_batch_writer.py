"""Values: in few requests, what fails is tried again, what is refused takes no other with it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
from mlflow.exceptions import MlflowException
from mlflow.utils.rest_utils import verify_rest_response
from mlflow_on_kedro.delivery import batch_writer, refusals
from mlflow_on_kedro.delivery.batch_writer import BatchWriter
from mlflow_on_kedro.journal.changed_params import changed_tag
from mlflow_on_kedro.journal.entries import Entry, Input, Metric, Param, Tag
from mlflow_on_kedro.tracking import tables
from mlflow_on_kedro.tracking.failures import http_status, is_gone


class Failing:
    """A client that fails for what it is told to, as a server or a proxy before it does."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[str] = []
        self.rule: Callable[[str, list[str]], Exception | None] = lambda _call, _keys: None
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if not callable(method):
            return method

        def call(*args: Any, **named: Any) -> Any:
            keys = [item.key for given in named.values() for item in given]
            keys += [item.dataset.name for item in args[1]] if name == "log_inputs" else []
            with self._lock:
                self.calls.append(name)
                failure = self.rule(name, keys)
            if failure is not None:
                raise failure
            return method(*args, **named)

        return call

    def fail_with(self, make: Callable[[], Exception], *keys: str) -> None:
        """Fail for requests with one of these keys; without keys for all."""

        def rule(_: str, sent: list[str]) -> Exception | None:
            return make() if not keys or set(keys) & set(sent) else None

        self.rule = rule


class Refused:
    """What was refused, as the writer is told."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.tries: list[int] = []
        self.statuses: list[int | None] = []

    def __call__(self, entry: Entry, error: Exception, tries: int) -> None:
        """Note it."""
        self.entries.append(entry)
        self.tries.append(tries)
        self.statuses.append(http_status(error))


def answer(status: int) -> Exception:
    """What MLflow raises for an answer that is not its own, as that of a proxy."""
    response = requests.Response()
    response.status_code = status
    response._content = b"<html>no</html>"
    with pytest.raises(MlflowException) as caught:
        verify_rest_response(response, "/api/2.0/mlflow/runs/log-batch")
    return caught.value


@pytest.fixture
def failing(client: Any) -> Failing:
    """A client of the test's own store."""
    return Failing(client)


@pytest.fixture
def refused() -> Refused:
    """What is refused."""
    return Refused()


@pytest.fixture
def run_id(client: Any) -> str:
    """A run in the test's own store."""
    return str(client.create_run(client.create_experiment("demo")).info.run_id)


@pytest.fixture
def writer(failing: Failing, run_id: str, refused: Refused) -> BatchWriter:
    """A writer to the run."""
    made: Any = failing
    return BatchWriter(made, run_id, refused)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between two tries of one entry."""
    monkeypatch.setattr(batch_writer, "PAUSE_SECONDS", 0.01)


class TestBatches:
    """Cost is per request."""

    def test_one_request(self, writer: BatchWriter, failing: Failing) -> None:
        """As many values as MLflow takes at once are one request."""
        entries: list[Entry] = [Param(f"p{number}", "v") for number in range(100)]
        entries += [Metric(f"m{number}", 1.0, 5) for number in range(800)]
        entries += [Tag(f"t{number}", "v") for number in range(50)]
        writer.send(entries)
        assert [call for call in failing.calls if call != "get_run"] == ["log_batch"]

    @pytest.mark.parametrize("threads", [1, 8])
    def test_many(
        self, client: Any, failing: Failing, run_id: str, refused: Refused, threads: int
    ) -> None:
        """More of them are several, which may overlap; each arrives once."""
        made: Any = failing
        entries: list[Entry] = [Param(f"p{number}", "v") for number in range(250)]
        entries += [Metric("m", float(number), number, number) for number in range(2500)]
        BatchWriter(made, run_id, refused, threads=threads).send(entries)
        assert failing.calls.count("log_batch") == 5
        assert len(client.get_run(run_id).data.params) == 250
        steps = [point.step for point in client.get_metric_history(run_id, "m")]
        assert sorted(steps) == list(range(2500))
        assert not refused.entries

    def test_a_key_twice(
        self, client: Any, run_id: str, writer: BatchWriter, failing: Failing, refused: Refused
    ) -> None:
        """The same parameter and point twice are once, and the last of two tags counts."""
        writer.send([Param("p", "v"), Metric("m", 1.0, 5, 2), Tag("t", "first")] * 2)
        writer.send([Tag("t", "first"), Tag("t", "last")])
        assert failing.calls == ["log_batch"] * 2
        data = client.get_run(run_id).data
        assert (data.params, data.tags["t"]) == ({"p": "v"}, "last")
        assert len(client.get_metric_history(run_id, "m")) == 1
        assert not refused.entries

    def test_tables(self, client: Any, run_id: str, writer: BatchWriter) -> None:
        """The tag that lists tables is added to, not written over."""
        for path in ("a.json", "b.json"):
            writer.send([Tag(tables.TAG, tables.joined(None, f'[{{"path": "{path}"}}]'))])
        assert {"a.json", "b.json"} <= set(client.get_run(run_id).data.tags[tables.TAG].split('"'))


class TestHalfWay:
    """A call that failed half-way, and the next one."""

    @pytest.mark.parametrize("threads", [1, 4])
    def test_goes_on_where_it_stopped(
        self, client: Any, failing: Failing, run_id: str, refused: Refused, threads: int
    ) -> None:
        """What has arrived is not sent again; what was put behind it meanwhile is."""
        made: Any = failing
        writer = BatchWriter(made, run_id, refused, threads=threads)
        entries: list[Entry] = [Param(f"p{number}", "v") for number in range(250)]
        failing.fail_with(lambda: ConnectionError("down"), "p120")
        with pytest.raises(ConnectionError):
            writer.send(entries)
        assert len(client.get_run(run_id).data.params) == 150
        failing.fail_with(lambda: ConnectionError("down"), "p0", "p240")
        writer.send([*entries, Metric("m", 1.0, 5)])
        data = client.get_run(run_id).data
        assert len(data.params) == 250
        assert data.metrics == {"m": 1.0}

    def test_the_next_call_is_new(self, client: Any, run_id: str, writer: BatchWriter) -> None:
        """After a call that succeeded nothing of it is remembered."""
        writer.send([Tag("t", "1")])
        writer.send([Tag("t", "2")])
        assert client.get_run(run_id).data.tags["t"] == "2"


class TestRefused:
    """One entry that the server does not take."""

    @pytest.mark.parametrize("status", [413, 500, 502])
    @pytest.mark.parametrize("place", [0, 137, 299])
    def test_one_of_many(
        self,
        client: Any,
        run_id: str,
        writer: BatchWriter,
        failing: Failing,
        refused: Refused,
        status: int,
        place: int,
    ) -> None:
        """Whatever the answer is, that entry is refused, and all others arrive in few requests."""
        failing.fail_with(lambda: answer(status), f"m{place}")
        entries = [Metric(f"m{number}", 1.0, 5) for number in range(300)]
        writer.send(entries)
        assert refused.entries == [entries[place]]
        assert refused.statuses == [status]
        assert len(client.get_run(run_id).data.metrics) == 299
        assert len(failing.calls) < 30

    @pytest.mark.parametrize("status", [500, 503, 504])
    def test_alone(
        self, writer: BatchWriter, failing: Failing, refused: Refused, status: int
    ) -> None:
        """An answer that may pass is asked for three times, while the server takes others."""
        failing.fail_with(lambda: answer(status), "bad")
        writer.send([Tag("bad", "v")])
        assert refused.entries == [Tag("bad", "v")]
        assert refused.tries == [refusals.TRIES] == [3]
        assert failing.calls.count("log_batch") == 3

    def test_it_passes(
        self, client: Any, run_id: str, writer: BatchWriter, failing: Failing, refused: Refused
    ) -> None:
        """One that is taken at another try is not refused."""
        moods = itertools.chain([answer(500), answer(500)], itertools.repeat(None))
        failing.rule = lambda _, keys: next(moods) if "p" in keys else None
        writer.send([Param("p", "v")])
        assert client.get_run(run_id).data.params == {"p": "v"}
        assert not refused.entries

    def test_by_mlflow(
        self, client: Any, run_id: str, writer: BatchWriter, failing: Failing, refused: Refused
    ) -> None:
        """What MLflow itself refuses is refused at once: another try changes nothing."""
        writer.send([Metric("m", 1.0, -5)])
        assert [call for call in failing.calls if call != "get_run"] == ["log_batch"]
        assert refused.tries == [1]
        entries: list[Entry] = [Param(f"p{number}", "v") for number in range(20)]
        entries[7] = Metric("..", 1.0, 5)
        writer.send(entries)
        assert refused.entries[1:] == [entries[7]]
        assert len(client.get_run(run_id).data.params) == 19

    def test_a_limit_of_a_proxy(
        self, client: Any, run_id: str, writer: BatchWriter, failing: Failing, refused: Refused
    ) -> None:
        """Where only the size is too much, halves pass and nothing is refused."""
        failing.rule = lambda _, keys: answer(413) if len(keys) > 30 else None
        writer.send([Metric(f"m{number}", 1.0, 5) for number in range(300)])
        assert len(client.get_run(run_id).data.metrics) == 300
        assert not refused.entries
        assert len(failing.calls) < 40

    def test_all_of_them(self, writer: BatchWriter, failing: Failing, refused: Refused) -> None:
        """Where the run's own name is taken, all else may be refused."""
        failing.rule = lambda _, keys: answer(413) if keys else None
        entries = [Tag(f"t{number}", "v") for number in range(4)]
        writer.send(entries)
        assert refused.entries == entries

    def test_a_deleted_run(
        self, client: Any, run_id: str, writer: BatchWriter, refused: Refused
    ) -> None:
        """A run that was deleted meanwhile is one failure, not a refusal of each entry."""
        client.delete_run(run_id)
        with pytest.raises(MlflowException, match=f"{run_id} was deleted. Restore it") as caught:
            writer.send([Param(f"p{number}", "v") for number in range(20)])
        assert is_gone(caught.value)
        assert not refused.entries
        client.restore_run(run_id)
        writer.send([Param("p", "v")])
        assert client.get_run(run_id).data.params == {"p": "v"}

    def test_a_deleted_run_without_parameters(
        self, client: Any, run_id: str, writer: BatchWriter, refused: Refused
    ) -> None:
        """That goes for any other value, too."""
        client.delete_run(run_id)
        with pytest.raises(MlflowException):
            writer.send([Metric(f"m{number}", 1.0, 5) for number in range(20)])
        assert not refused.entries


class TestServerFails:
    """A server that takes nothing at all."""

    @pytest.mark.parametrize("status", [401, 403, 404, 413, 429, 500, 503])
    def test_for_everybody(
        self, writer: BatchWriter, failing: Failing, refused: Refused, status: int
    ) -> None:
        """Its failure is raised, at once, and nothing is refused."""
        failing.rule = lambda _call, _keys: answer(status)
        for _ in range(2):
            with pytest.raises(MlflowException, match=str(status)):
                writer.send([Metric(f"m{number}", 1.0, 5) for number in range(300)])
        assert not refused.entries
        assert len(failing.calls) < 10

    def test_meanwhile(
        self,
        client: Any,
        run_id: str,
        writer: BatchWriter,
        failing: Failing,
        refused: Refused,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """One that begins to fail for all while a batch is halved is not taken for a refusal."""
        monkeypatch.setattr(refusals, "_TRUSTED_SECONDS", 0.0)
        failing.rule = lambda _call, _keys: answer(500) if len(failing.calls) > 4 else None
        entries = [Metric(f"m{number}", 1.0, 5) for number in range(300)]
        failing.fail_with(lambda: answer(500), "m299")
        first = failing.rule
        failing.rule = lambda call, keys: (
            answer(500) if len(failing.calls) > 4 else first(call, keys)
        )
        with pytest.raises(MlflowException):
            writer.send(entries)
        assert not refused.entries
        failing.rule = lambda _call, _keys: None
        writer.send(entries)
        assert len(client.get_run(run_id).data.metrics) == 300

    def test_away(self, writer: BatchWriter, failing: Failing, refused: Refused) -> None:
        """One that does not answer is not asked again for each entry."""
        failing.fail_with(lambda: ConnectionError("down"))
        with pytest.raises(ConnectionError):
            writer.send([Metric(f"m{number}", 1.0, 5) for number in range(300)])
        assert [call for call in failing.calls if call != "get_run"] == ["log_batch"]
        assert not refused.entries

    def test_busy_for_one(self, writer: BatchWriter, failing: Failing, refused: Refused) -> None:
        """One that is busy is waited for; one that is so for one entry only, for ever, refuses."""
        failing.fail_with(lambda: answer(429), "bad")
        for _ in range(refusals.BUSY_TRIES):
            with pytest.raises(MlflowException, match="429"):
                writer.send([Tag("bad", "v")])
        assert not refused.entries
        writer.send([Tag("bad", "v")])
        assert refused.statuses == [429]


class TestChangedParams:
    """MLflow keeps the first value of a parameter; the later one is kept, too."""

    def test_from_elsewhere(
        self,
        client: Any,
        run_id: str,
        writer: BatchWriter,
        failing: Failing,
        refused: Refused,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """It becomes a tag, is said, and is not refused."""
        client.log_param(run_id, "depth", "3")
        entries = [*(Param(f"p{number}", "v") for number in range(50)), Param("depth", "4")]
        writer.send([*entries, Metric("m", 1.0, 5)])
        data = client.get_run(run_id).data
        assert data.params["depth"] == "3"
        assert data.tags["param_changed.depth"] == "4"
        assert (len(data.params), data.metrics) == (51, {"m": 1.0})
        assert "'depth' was logged as '3' and now as '4'" in caplog.text
        assert failing.calls == ["log_batch", "get_run", "log_batch"]
        assert not refused.entries

    def test_within_a_batch(self, client: Any, run_id: str, writer: BatchWriter) -> None:
        """Of two in one batch the first stays the first."""
        writer.send([Param("depth", "3"), Param("depth", "4")])
        data = client.get_run(run_id).data
        assert (data.params, data.tags["param_changed.depth"]) == ({"depth": "3"}, "4")

    def test_in_two_requests(
        self, client: Any, failing: Failing, run_id: str, refused: Refused
    ) -> None:
        """Of two that are far apart the first stays the first, too."""
        real, is_there = client.log_batch, threading.Event()

        def slow_first(run_id: str, **named: Any) -> None:
            values = [item.value for item in named["params"]]
            if "first" in values:
                is_there.wait(2)
            real(run_id, **named)
            if "later" in values:
                is_there.set()

        client.log_batch = slow_first
        made: Any = failing
        entries = [Param("depth", "first"), *(Param(f"p{number}", "v") for number in range(150))]
        BatchWriter(made, run_id, refused, threads=8).send([*entries, Param("depth", "later")])
        assert client.get_run(run_id).data.params["depth"] == "first"

    def test_a_bad_one_among_them(
        self, client: Any, run_id: str, writer: BatchWriter, refused: Refused
    ) -> None:
        """A refused entry and a changed parameter in one batch are each what they are."""
        client.log_param(run_id, "depth", "3")
        writer.send([Param("a//b", "v"), Param("depth", "4"), Param("c", "v")])
        data = client.get_run(run_id).data
        assert data.params == {"depth": "3", "c": "v"}
        assert data.tags["param_changed.depth"] == "4"
        assert refused.entries == [Param("a//b", "v")]

    def test_the_tags_of_long_keys(self) -> None:
        """The tags of two long keys are two."""
        assert changed_tag("k" * 249 + "1") != changed_tag("k" * 249 + "2")
        assert len(changed_tag("k" * 250)) <= 250


def dataset(name: str, **named: str) -> Input:
    """A dataset that a run uses."""
    given = {"digest": "abc", "source_type": "local", "source": '{"uri": "a"}', "schema": ""}
    return Input(name=name, profile="{}", context="n", **{**given, **named})


class TestInputs:
    """Datasets that the run uses."""

    def test_one_call(
        self, client: Any, run_id: str, writer: BatchWriter, failing: Failing
    ) -> None:
        """All of a batch go in one call, with what they are used for."""
        writer.send([dataset("a", schema='{"mlflow_colspec": []}'), Param("p", "v"), dataset("b")])
        assert failing.calls == ["log_batch", "log_inputs"]
        found = client.get_run(run_id).inputs.dataset_inputs
        assert [item.dataset.name for item in found] == ["a", "b"]
        assert [item.dataset.schema for item in found] == ['{"mlflow_colspec": []}', None]
        assert {tag.value for item in found for tag in item.tags} == {"n"}

    def test_sent_twice(self, client: Any, run_id: str, writer: BatchWriter) -> None:
        """What is delivered again is there once."""
        for _ in range(2):
            writer.send([dataset("a"), dataset("a")])
        assert len(client.get_run(run_id).inputs.dataset_inputs) == 1

    def test_not_again(self, writer: BatchWriter, failing: Failing) -> None:
        """After a failure of other values they are not sent again."""
        failing.fail_with(lambda: ConnectionError("down"), "p")
        entries: list[Entry] = [dataset("a"), Param("p", "v")]
        with pytest.raises(ConnectionError):
            writer.send(entries)
        failing.rule = lambda _call, _keys: None
        writer.send(entries)
        assert failing.calls.count("log_inputs") == 1

    def test_refused(self, client: Any, run_id: str, writer: BatchWriter, refused: Refused) -> None:
        """One that MLflow refuses takes no other with it."""
        entries = [dataset("a"), dataset("b", digest="x" * 37), dataset("c")]
        writer.send(entries)
        found = client.get_run(run_id).inputs.dataset_inputs
        assert [item.dataset.name for item in found] == ["a", "c"]
        assert refused.entries == [entries[1]]

    def test_down(self, writer: BatchWriter, failing: Failing, refused: Refused) -> None:
        """A store that cannot be reached is no refusal."""
        failing.fail_with(lambda: ConnectionError("down"), "a")
        with pytest.raises(ConnectionError):
            writer.send([dataset("a")])
        assert not refused.entries

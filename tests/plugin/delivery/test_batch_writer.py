"""Delivery of entries to a run: what fails is tried again, what is refused is left out alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow.exceptions import MlflowException
from mlflow_on_kedro.delivery.sending import Delivery
from mlflow_on_kedro.journal.entries import Entry, File, Input, Metric, Param, Tag, Text
from mlflow_on_kedro.tracking.failures import is_gone


class Failing:
    """A client whose uploads of some artifacts fail as those to a server that is down."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.down: set[str] = set()
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("log_"):
            self.calls.append(name)
        return getattr(self._client, name)

    def log_text(self, run_id: str, text: str, path: str) -> None:
        """Log a text, if it is not down."""
        self.calls.append(path)
        if path in self.down:
            raise ConnectionError("down")
        self._client.log_text(run_id, text, path)


@pytest.fixture
def failing(client: Any) -> Failing:
    """A client of the test's own store."""
    return Failing(client)


@pytest.fixture
def run_id(client: Any) -> str:
    """A run in the test's own store."""
    return str(client.create_run(client.create_experiment("demo")).info.run_id)


class TestHalfWay:
    """A call that failed half-way, and the next one."""

    def test_goes_on_where_it_stopped(self, failing: Failing, run_id: str) -> None:
        """What has arrived is not sent again."""
        delivery = Delivery(failing, run_id)  # type: ignore[arg-type]
        entries: list[Entry] = [Param("p", "v"), Text("a.txt", "a"), Text("b.txt", "b")]
        failing.down.add("b.txt")
        with pytest.raises(ConnectionError):
            delivery.send(entries)
        failing.down.clear()
        delivery.send(entries)
        assert failing.calls == ["log_batch", "a.txt", "b.txt", "b.txt"]

    def test_what_came_meanwhile(self, failing: Failing, run_id: str, client: Any) -> None:
        """What was put behind the entries of the failed call is sent with the next."""
        delivery = Delivery(failing, run_id)  # type: ignore[arg-type]
        entries: list[Entry] = [Param("p", "v"), Tag("t", "1"), Tag("t", "2"), Text("a.txt", "a")]
        failing.down.add("a.txt")
        with pytest.raises(ConnectionError):
            delivery.send(entries)
        failing.down.clear()
        delivery.send([*entries, Param("q", "v"), Metric("m", 1.0, 5), Tag("t", "1")])
        data = client.get_run(run_id).data
        assert data.params == {"p": "v", "q": "v"}
        assert data.metrics == {"m": 1.0}
        assert data.tags["t"] == "1", "the last value, though it was sent before"
        assert [item.path for item in client.list_artifacts(run_id)] == ["a.txt"]

    def test_the_next_call_is_new(self, failing: Failing, run_id: str, client: Any) -> None:
        """After a call that succeeded nothing of it is remembered."""
        delivery = Delivery(failing, run_id)  # type: ignore[arg-type]
        delivery.send([Tag("t", "1"), Text("a.txt", "1")])
        delivery.send([Tag("t", "2"), Text("a.txt", "2")])
        assert client.get_run(run_id).data.tags["t"] == "2"
        assert Path(client.download_artifacts(run_id, "a.txt")).read_text() == "2"


class TestRefused:
    """What MLflow refuses."""

    def test_one_among_many(
        self, client: Any, run_id: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """One entry that MLflow refuses is named and left out, the others arrive."""
        entries: list[Entry] = [Param(f"p{number}", "v") for number in range(20)]
        entries[7] = Metric("m", 1.0, -5)
        Delivery(client, run_id).send(entries)
        assert len(client.get_run(run_id).data.params) == 19
        (record,) = caplog.records
        assert "did not take 'm', which is left out" in record.getMessage()

    def test_a_deleted_run(
        self, client: Any, run_id: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A run that was deleted meanwhile is one failure, not a refusal of each entry."""
        client.delete_run(run_id)
        with pytest.raises(MlflowException, match=f"{run_id} was deleted. Restore it") as caught:
            Delivery(client, run_id).send([Param(f"p{number}", "v") for number in range(20)])
        assert is_gone(caught.value)
        assert not caplog.records
        client.restore_run(run_id)
        Delivery(client, run_id).send([Param("p", "v")])
        assert client.get_run(run_id).data.params == {"p": "v"}

    @pytest.mark.parametrize("folder", ["../../up", "/up", ".."])
    def test_a_place_outside_of_the_artifacts(
        self,
        client: Any,
        run_id: str,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
        folder: str,
    ) -> None:
        """A journal from elsewhere writes nothing outside of the run's artifacts."""
        file = tmp_path / "a.txt"
        file.write_text("a")
        Delivery(client, run_id).send([File(str(file), folder), Text(f"{folder}/b.txt", "b")])
        assert client.list_artifacts(run_id) == []
        assert len(caplog.records) == 2
        assert not [*tmp_path.rglob("b.txt"), *tmp_path.glob("**/up")]


class TestFolders:
    """A folder as an artifact."""

    def test_all_below(self, client: Any, run_id: str, tmp_path: Path) -> None:
        """All files below are sent, in their places; empty folders are nothing."""
        for name in ("a.txt", "deep/b.txt", "deep/er/c.txt"):
            (tmp_path / "f" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "f" / name).write_text(name)
        (tmp_path / "f" / "empty").mkdir()
        Delivery(client, run_id).send([File(str(tmp_path / "f"), "to")])
        place = Path(client.download_artifacts(run_id, "to"))
        found = {path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file()}
        assert found == {"a.txt", "deep/b.txt", "deep/er/c.txt"}


def dataset(name: str, **named: str) -> Input:
    """A dataset that a run uses."""
    given = {"digest": "abc", "source_type": "local", "source": '{"uri": "a"}', "schema": ""}
    return Input(name=name, profile="{}", context="n", **{**given, **named})


class TestInputs:
    """Datasets that the run uses."""

    def test_one_call(self, failing: Failing, run_id: str, client: Any) -> None:
        """All of a batch go in one call, with what they are used for."""
        delivery = Delivery(failing, run_id)  # type: ignore[arg-type]
        delivery.send(
            [dataset("a", schema='{"mlflow_colspec": []}'), Param("p", "v"), dataset("b")]
        )
        assert failing.calls == ["log_batch", "log_inputs"]
        found = client.get_run(run_id).inputs.dataset_inputs
        assert [item.dataset.name for item in found] == ["a", "b"]
        assert [item.dataset.schema for item in found] == ['{"mlflow_colspec": []}', None]
        assert {tag.value for item in found for tag in item.tags} == {"n"}

    def test_sent_twice(self, failing: Failing, run_id: str, client: Any) -> None:
        """What is delivered again is there once."""
        for _ in range(2):
            Delivery(failing, run_id).send([dataset("a"), dataset("a")])  # type: ignore[arg-type]
        assert len(client.get_run(run_id).inputs.dataset_inputs) == 1

    def test_not_again(self, failing: Failing, run_id: str) -> None:
        """After a failure of an artifact they are not sent again."""
        delivery = Delivery(failing, run_id)  # type: ignore[arg-type]
        failing.down.add("a.txt")
        entries: list[Entry] = [dataset("a"), Text("a.txt", "a")]
        with pytest.raises(ConnectionError):
            delivery.send(entries)
        failing.down.clear()
        delivery.send(entries)
        assert failing.calls.count("log_inputs") == 1

    def test_refused(
        self, failing: Failing, run_id: str, client: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """One that MLflow refuses is said and left out, and takes no other with it."""
        entries = [dataset("a"), dataset("b", digest="x" * 37), dataset("c")]
        Delivery(failing, run_id).send(entries)  # type: ignore[arg-type]
        found = client.get_run(run_id).inputs.dataset_inputs
        assert [item.dataset.name for item in found] == ["a", "c"]
        assert "MLflow did not take the dataset 'b' as used" in caplog.text

    def test_down(self, failing: Failing, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """A store that cannot be reached is no refusal."""

        def down(*_: object) -> None:
            raise ConnectionError("down")

        monkeypatch.setattr(failing._client, "log_inputs", down)
        with pytest.raises(ConnectionError):
            Delivery(failing, run_id).send([dataset("a")])  # type: ignore[arg-type]

"""Prompt entries of a journal: registered once, linked to the run, and no burden to the rest."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow_on_kedro.delivery.answer_clock import AnswerClock, WatchedClient
from mlflow_on_kedro.delivery.artifact_writer import ArtifactWriter
from mlflow_on_kedro.journal.entries import Entry, Prompt, Text
from mlflow_on_kedro.journal.entry_lines import from_line, to_line
from mlflow_on_kedro.prompts.content import PromptContent, WantedVersion
from mlflow_on_kedro.tracking import store
from mlflow_on_kedro.utils.clock import now_ms

LINKED = "mlflow.linkedPrompts"
CHAT = [{"role": "user", "content": "Hi {{name}}!"}]


class Sender:
    """Sends entries to a run, as delivery does."""

    def __init__(self, uri: str, run_id: str, place: str) -> None:
        client: Any = WatchedClient(store.connect(uri), AnswerClock())
        self.refused: list[tuple[Entry, Exception]] = []
        self._writer = ArtifactWriter(client, run_id, place, self._refuse, uri=uri)

    def _refuse(self, entry: Entry, error: Exception, _: int) -> None:
        self.refused.append((entry, error))

    def send(self, *entries: Entry) -> list[str]:
        """Send entries; return why some of them are refused."""
        self._writer.send(entries)
        return [str(error) for _, error in self.refused]


@pytest.fixture
def sender(active: Any, store_uri: str) -> Sender:
    """Sends to the active run."""
    return Sender(store_uri, active.info.run_id, active.info.artifact_uri)


def new(template: Any, **others: Any) -> Prompt:
    """The entry of a prompt that is to be registered."""
    wanted = WantedVersion(PromptContent(template), **others)
    entry = from_line(to_line(Prompt("answer", 0, now_ms(), wanted.to_text())))
    assert isinstance(entry, Prompt)
    return entry


def linked(client: Any, active: Any) -> list[str]:
    """The versions that are linked to the run."""
    tags = client.get_run(active.info.run_id).data.tags
    return [item["version"] for item in json.loads(tags.get(LINKED, "[]"))]


def test_twice(sender: Sender, client: Any, active: Any) -> None:
    """An entry that is sent twice is one version and one link; its tags and alias are there."""
    entry = new("Hi {{name}}!", tags={"k": "v"}, alias="staging", commit_message="first")
    assert sender.send(entry) == sender.send(entry) == []
    version = client.get_prompt_version_by_alias("answer", "staging")
    assert (version.version, version.commit_message) == (1, "first")
    assert linked(client, active) == ["1"]


@pytest.mark.parametrize("is_late", [False, True])
def test_cut_off_before_the_alias(
    sender: Sender, client: Any, monkeypatch: pytest.MonkeyPatch, is_late: bool
) -> None:
    """A version that was registered before MLflow went away gets its alias later, once."""
    sender.send(new("one", alias="staging"))
    entry = new("two", alias="staging")

    def cut_off(*_: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "set_prompt_alias", cut_off)
        with pytest.raises(ConnectionError):
            sender.send(entry)
    if not is_late:
        entry = replace(entry, time=now_ms() + 60_000)
    assert sender.send(entry) == []
    assert client.get_prompt_version_by_alias("answer", "staging").version == 2
    assert client.get_prompt_version("answer", 2).tags == {}
    client.set_prompt_alias("answer", "staging", 1)
    assert sender.send(entry) == []
    assert client.get_prompt_version_by_alias("answer", "staging").version == 1


def test_chat(sender: Sender, client: Any) -> None:
    """Messages arrive as such; an MLflow that has no chats leaves the prompt out, and says so."""
    refused = sender.send(new(CHAT))
    if "response_format" not in inspect.signature(MlflowClient.register_prompt).parameters:
        assert refused == [f"MLflow {mlflow.__version__} has no chat prompts in its registry"]
        return
    assert refused == []
    assert client.get_prompt_version("answer", 1).template == CHAT


def test_only_known(sender: Sender, client: Any, active: Any) -> None:
    """What was loaded from a copy is found among all versions, and never registered."""
    for text in ("one", "two"):
        client.register_prompt("answer", text)
    assert sender.send(new("one", only_known=True), new("three", only_known=True)) == []
    assert linked(client, active) == ["1"]
    with pytest.raises(mlflow.MlflowException):
        client.get_prompt_version("answer", 3)


def test_a_deleted_version(sender: Sender, client: Any, active: Any) -> None:
    """It is refused alone; the run's other files and prompts arrive."""
    client.register_prompt("answer", "one")
    (why,) = sender.send(Prompt("answer", 7, 0), Prompt("answer", 1, 0), Text("a.txt", "x"))
    assert "not found" in why
    assert linked(client, active) == ["1"]


def test_a_damaged_entry(sender: Sender) -> None:
    """It is refused."""
    (why,) = sender.send(Prompt("answer", 0, 0, '{"template": "x"}'))
    assert "no version of a prompt" in why


def test_a_registry_that_is_away(active: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prompts wait for a registry on another server; files do not."""
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://127.0.0.1:9")
    away = Sender(client.tracking_uri, active.info.run_id, active.info.artifact_uri)
    (why,) = away.send(new("text"), Text("a.txt", "x"))
    assert why.startswith("the model registry does not answer")
    assert [item.path for item in client.list_artifacts(active.info.run_id)] == ["a.txt"]

"""MLflowPromptDataset: prompts of MLflow's registry, with and without a local file."""

from __future__ import annotations

import inspect
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest
import yaml
from kedro.io import DatasetError
from mlflow import MlflowClient
from mlflow_on_kedro import MLflowPromptDataset
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.delivery.journal_delivery import deliver
from mlflow_on_kedro.journal.folder import Journal
from mlflow_on_kedro.prompts.content import PromptContent, make_version
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.utils.pipeline_info import PipelineInfo

LINKED = "mlflow.linkedPrompts"
CHAT = [
    {"role": "system", "content": "Answer from {{context}}."},
    {"role": "user", "content": "{{question}}"},
]

needs_chat = pytest.mark.skipif(
    "response_format" not in inspect.signature(MlflowClient.register_prompt).parameters,
    reason="this MLflow has texts only",
)
needs_config = pytest.mark.skipif(
    "model_config" not in inspect.signature(MlflowClient.register_prompt).parameters,
    reason="this MLflow keeps no settings of models",
)


@pytest.fixture
def run(open_run: Callable[..., OwnRun]) -> OwnRun:
    """The run of a pipeline."""
    opened = open_run(PipelineInfo())
    opened.wait_open()
    return opened


@pytest.fixture
def prompt(tmp_path: Path, store_uri: str) -> Callable[..., MLflowPromptDataset]:
    """A function that makes a dataset named `answer`, of a run if one is given."""

    def make(run: OwnRun | None = None, **arguments: Any) -> MLflowPromptDataset:
        dataset = MLflowPromptDataset(**arguments)
        dataset.bind("answer", tmp_path, store_uri, run)
        return dataset

    return make


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of a prompt."""
    path = tmp_path / "prompts" / "answer.yml"
    path.parent.mkdir()
    path.write_text('template: "Answer {{question}}."\n', encoding="utf-8")
    return path


def versions(client: Any, name: str = "answer") -> list[str]:
    """The templates of all versions."""
    found = []
    for number in range(1, 20):
        try:
            found.append(client.get_prompt_version(name, number).template)
        except Exception:
            break
    return found


def linked(client: Any, run: OwnRun) -> list[Any]:
    """The prompts of a run that has ended."""
    run.end("FINISHED")
    tags = client.get_run(run.run_id).data.tags
    return json.loads(tags.get(LINKED, "[]"))


class TestLocalFile:
    """`filepath`: the file is the source of truth."""

    def test_only_a_changed_file_is_registered(
        self, prompt: Callable[..., Any], file: Path, run: OwnRun, client: Any
    ) -> None:
        """A new version for new content, none for the same; the run has what it has used."""
        dataset = prompt(run, filepath=str(file), commit_message="first", tags={"team": "search"})
        loaded = dataset.load()
        assert (loaded.version, loaded.template) == (1, "Answer {{question}}.")
        assert loaded.format(question="it") == "Answer it."
        assert (loaded.commit_message, loaded.tags["team"]) == ("first", "search")
        assert dataset.load().version == 1
        file.write_text('template: "Answer {{question}} briefly."\n\n')
        assert dataset.load().version == 2
        assert versions(client) == ["Answer {{question}}.", "Answer {{question}} briefly."]
        assert linked(client, run) == [
            {"name": "answer", "version": "1"},
            {"name": "answer", "version": "2"},
        ]

    def test_in_the_experiment(
        self, prompt: Callable[..., Any], file: Path, run: OwnRun, client: Any
    ) -> None:
        """MLflow's UI lists the prompt with the run's experiment."""
        if "_mlflow_experiment_ids" not in inspect.getsource(mlflow.prompt.constants):
            pytest.skip("this MLflow does not list prompts by experiment")
        assert run.opened is not None
        prompt(run, filepath=str(file)).load()
        run.end("FINISHED")
        tags = client.get_prompt("answer").tags
        assert tags["_mlflow_experiment_ids"] == f",{run.opened.experiment_id},"

    def test_alias(self, prompt: Callable[..., Any], file: Path, client: Any) -> None:
        """Each new version gets the alias; one that somebody has moved stays where it is."""
        dataset = prompt(filepath=str(file), alias="staging", tags={"team": "search"})
        assert dataset.load().tags == {"team": "search"}
        file.write_text("template: second")
        dataset.load()
        assert client.get_prompt_version_by_alias("answer", "staging").version == 2
        client.set_prompt_alias("answer", "staging", 1)
        dataset.load()
        assert client.get_prompt_version_by_alias("answer", "staging").version == 1
        prompt(filepath=str(file), alias="production").load()
        assert client.get_prompt_version_by_alias("answer", "production").version == 2

    def test_without_the_file(
        self, prompt: Callable[..., Any], tmp_path: Path, client: Any
    ) -> None:
        """A missing file is written from the registry, and loading it registers nothing."""
        client.register_prompt("answer", "Answer\n{{question}}.\n\nBriefly.")
        dataset = prompt(filepath="prompts/answer.yml")
        assert dataset.load().version == 1
        assert "template: |-\n  Answer\n  {{question}}." in (
            tmp_path / "prompts" / "answer.yml"
        ).read_text(encoding="utf-8")
        assert dataset.load().version == 1
        assert len(versions(client)) == 1

    def test_neither_file_nor_prompt(self, prompt: Callable[..., Any], tmp_path: Path) -> None:
        """The error names both."""
        with pytest.raises(DatasetError) as caught:
            prompt(filepath="answer.md").load()
        assert f"There is no file {tmp_path / 'answer.md'}. MLflow at" in str(caught.value)
        assert "has no prompt 'answer'" in str(caught.value)

    def test_a_name_that_a_model_has(
        self, prompt: Callable[..., Any], file: Path, run: OwnRun, client: Any, said: list[str]
    ) -> None:
        """A prompt that MLflow refuses is loaded nevertheless; one warning says why."""
        client.create_registered_model("answer")
        object.__setattr__(run.config.tracking, "on_failure", "warn")
        assert prompt(run, filepath=str(file), as_="str").load() == "Answer {{question}}."
        assert linked(client, run) == []
        (warning,) = [line for line in said if "prompt 'answer'" in line]
        assert "registered as a model" in warning

    def test_tracking_is_off(self, file: Path, store_uri: str, client: Any, tmp_path: Path) -> None:
        """With `enabled: false` only the file is read."""
        dataset = MLflowPromptDataset("answer", file)
        dataset.bind("answer", tmp_path, store_uri, logs=False)
        assert dataset.load().template == "Answer {{question}}."
        assert versions(client) == []


class TestOffline:
    """`tracking.mode: offline`."""

    def test_is_registered_and_linked_later(self, make_project: Callable[..., Any]) -> None:
        """An offline run is delivered with its prompt; an older one does not become the newest."""
        nodes = """
        from kedro.pipeline import node, pipeline

        def ask(prompt):
            return prompt.format(question="it")

        def create_pipeline():
            return pipeline([node(ask, "answer", "asked", name="ask")])
        """
        entry = {"type": "mlflow_on_kedro.MLflowPromptDataset", "filepath": "answer.txt"}
        project = make_project(
            nodes, catalog={"answer": entry}, mlflow={"tracking": {"mode": "offline"}}
        )
        client = project.client
        for text in ("One {{question}}", "Two {{question}}"):
            project.write("answer.txt", text + "\n")
            assert project.session_run()["asked"].load() == text.replace("{{question}}", "it")
        assert project.runs() == []
        folder = project.root / ".mlflow_on_kedro" / "journal"
        journals = sorted(map(Journal, folder.iterdir()), key=lambda item: item.header.start_ms)
        for journal in reversed(journals):  # the newer run arrives first
            deliver(journal, Connection(project.uri), project.root)
        assert versions(client) == ["Two {{question}}", "One {{question}}"]
        tags = [json.loads(item.data.tags[LINKED])[0]["version"] for item in project.runs()]
        assert tags == ["1", "2"]


class TestRegistry:
    """Prompts that are loaded from MLflow, with or without a file."""

    def test_versions_and_aliases(
        self, prompt: Callable[..., Any], run: OwnRun, client: Any
    ) -> None:
        """The newest, one by its number, one by an alias; which one it was is known then."""
        for text in ("first", "second", "third"):
            client.register_prompt("other", text)
        client.set_prompt_alias("other", "production", 2)
        assert prompt(run, prompt="other", as_="str").load() == "third"
        assert prompt(run, prompt="prompts:/other/1", as_="str").load() == "first"
        dataset = prompt(run, prompt="prompts:/other@production", as_="str")
        assert dataset.load() == "second"
        location = dataset.value_location()
        assert (location.uri, location.asked_for) == (
            "prompts:/other/2",
            "prompts:/other@production",
        )
        client.set_prompt_alias("other", "production", 3)
        assert dataset.load() == "third"  # not MLflow's cache
        assert {item["version"] for item in linked(client, run)} == {"1", "2", "3"}

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ("nothing", "has no prompt 'nothing'. Register it"),
            ("prompts:/other/9", "has no version 9 of the prompt 'other'. The newest version is 1"),
            (
                "prompts:/other@x",
                "has no alias 'x' of the prompt 'other'. The newest version is 1. Give a version",
            ),
            ("model", "gave no prompt 'model': MlflowException: Name `model` is registered as a"),
        ],
    )
    def test_missing(self, prompt: Callable[..., Any], client: Any, given: str, words: str) -> None:
        """A missing prompt, version or alias is named, with what there is."""
        client.register_prompt("other", "text")
        client.create_registered_model("model")
        with pytest.raises(DatasetError) as caught:
            prompt(prompt=given).load()
        assert words in str(caught.value)

    def test_remote(self, prompt: Callable[..., Any], file: Path, client: Any) -> None:
        """The registry's version wins, and the file follows."""
        client.register_prompt("answer", "In the registry: {{question}}")
        dataset = prompt(filepath=str(file), sync="remote", as_="str")
        assert dataset.load() == "In the registry: {{question}}"
        assert yaml.safe_load(file.read_text()) == {"template": "In the registry: {{question}}"}
        assert len(versions(client)) == 1

    def test_remote_without_a_server(self, file: Path, tmp_path: Path, said: list[str]) -> None:
        """The file is loaded while the server is away, with a warning; without one it fails."""
        away = "http://127.0.0.1:9"
        dataset = MLflowPromptDataset("answer", file, sync="remote", as_="str")
        dataset.bind("answer", tmp_path, away)
        assert dataset.load() == "Answer {{question}}."
        assert f"MLflow at {away} cannot be reached" in said[0]
        assert "which may be another version" in said[0]
        file.unlink()
        with pytest.raises(DatasetError, match="cannot be reached, so the prompt 'answer' cannot"):
            dataset.load()

    @pytest.mark.parametrize("suffix", [".yml", ".txt", ".json"])
    @pytest.mark.parametrize(
        "template",
        [
            "Answer\n{{question}}.\n",
            pytest.param([{**CHAT[1], "content": "x\n"}], marks=needs_chat),
        ],
    )
    def test_newlines_at_the_end(
        self,
        prompt: Callable[..., Any],
        tmp_path: Path,
        client: Any,
        suffix: str,
        template: Any,
    ) -> None:
        """They are no difference: the file of such a prompt is the same prompt."""
        if suffix == ".txt" and isinstance(template, list):
            pytest.skip("a text file has no messages")
        client.register_prompt("answer", template)
        path = tmp_path / f"answer{suffix}"
        remote = prompt(filepath=str(path), sync="remote")
        remote.load()
        written = path.stat().st_mtime_ns
        remote.load()
        assert path.stat().st_mtime_ns == written
        assert prompt(filepath=str(path), sync="strict").load().version == 1
        assert prompt(filepath=str(path)).load().version == 1
        assert len(versions(client)) == 1

    def test_strict(self, prompt: Callable[..., Any], file: Path, client: Any) -> None:
        """The same content is loaded; a difference, and a missing file, are errors."""
        client.register_prompt("answer", "Answer {{question}}.")
        dataset = prompt(filepath=str(file), sync="strict")
        assert dataset.load().version == 1
        file.write_text("template: other")
        with pytest.raises(DatasetError, match="differs from version 1 of the prompt 'answer'"):
            dataset.load()
        file.unlink()
        with pytest.raises(DatasetError, match="which `sync: strict` needs"):
            dataset.load()


class TestSaving:
    """Prompts that nodes save."""

    def test_a_node_saves(
        self, prompt: Callable[..., Any], tmp_path: Path, run: OwnRun, client: Any
    ) -> None:
        """What is saved is in the file and in the registry, each content once."""
        dataset = prompt(run, filepath="prompts/made.json", as_="messages")
        dataset.save("Answer {{question}}.\n")
        assert json.loads((tmp_path / "prompts" / "made.json").read_text()) == {
            "template": "Answer {{question}}."
        }
        dataset.save(make_version("any", 7, "Answer {{question}}."))
        assert dataset.load() == [{"role": "user", "content": "Answer {{question}}."}]
        assert linked(client, run) == [{"name": "answer", "version": "1"}]

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({}, "needs `filepath`, such as prompts/answer.yml"),
            ({"filepath": "a.yml", "sync": "remote"}, "cannot have `sync: remote`"),
        ],
    )
    def test_what_cannot_be_saved(
        self, prompt: Callable[..., Any], arguments: dict[str, Any], words: str
    ) -> None:
        """The error comes before the pipeline runs, and when it is saved without one."""
        dataset = prompt(**arguments)
        with pytest.raises(DatasetError) as early:
            dataset.prepare(None, [], is_saved=True)
        with pytest.raises(DatasetError) as late:
            dataset.save("text")
        assert words in str(early.value)
        assert words in str(late.value)


class TestForms:
    """What nodes get."""

    @needs_chat
    def test_chat(self, prompt: Callable[..., Any], file: Path, client: Any) -> None:
        """Messages are registered as a chat, and come back as one."""
        file.write_text(yaml.safe_dump({"template": CHAT, "response_format": {"type": "object"}}))
        loaded = prompt(filepath=str(file)).load()
        assert loaded.format(context="c", question="q")[1] == {"role": "user", "content": "q"}
        assert loaded.response_format == {"type": "object"}
        assert client.get_prompt_version("answer", 1).template == CHAT
        assert prompt(filepath=str(file), as_="messages").load() == CHAT
        with pytest.raises(DatasetError, match="is a chat: load it with `as: messages`"):
            prompt(filepath=str(file), as_="str").load()

    @needs_config
    def test_settings_of_the_model(
        self, prompt: Callable[..., Any], file: Path, client: Any
    ) -> None:
        """They are a part of the content: new settings are a new version."""
        dataset = prompt(filepath=str(file))
        for temperature in (0, 1, 1):
            given = {
                "template": "t",
                "model_config": {"model_name": "m", "temperature": temperature},
            }
            file.write_text(yaml.safe_dump(given))
            assert dataset.load().model_config == given["model_config"]
        assert len(versions(client)) == 2

    def test_variables(self, prompt: Callable[..., Any], file: Path, client: Any) -> None:
        """A variable that the template lacks, or has too many, is an error when it is loaded."""
        with pytest.raises(DatasetError, match=r"'answer' has no \{\{context"):
            prompt(filepath=str(file), variables=["question", "context"], alias="staging").load()
        assert versions(client) == []  # nodes cannot use it
        assert prompt(filepath=str(file), variables=["question"]).load().version == 1
        with pytest.raises(DatasetError) as caught:
            prompt(filepath=str(file), variables=["question", "context"]).load()
        assert "'answer' has no {{context}}, which `variables` lists" in str(caught.value)
        with pytest.raises(DatasetError) as caught:
            prompt(filepath=str(file), variables=[]).load()
        assert "has the variable {{question}}, which `variables` does not" in str(caught.value)

    def test_what_nodes_cannot_use_is_not_registered(
        self, prompt: Callable[..., Any], file: Path, client: Any
    ) -> None:
        """Neither from a file nor by a node; the file stays as it was."""
        before = file.read_text()
        with pytest.raises(DatasetError, match=r"'answer' has no \{\{question"):
            prompt(filepath=str(file), variables=["question"]).save("Answer {{it}}.")
        with pytest.raises(DatasetError, match="is a chat: load it with `as: messages`"):
            prompt(filepath=str(file), as_="str").save(CHAT)
        assert file.read_text() == before
        file.write_text(yaml.safe_dump(CHAT))
        with pytest.raises(DatasetError, match="is a chat: load it with `as: messages`"):
            prompt(filepath=str(file), as_="str").load()
        assert versions(client) == []

    def test_langchain(self, prompt: Callable[..., Any], file: Path, client: Any) -> None:
        """LangChain's own classes, with plain braces kept; both kinds format."""
        pytest.importorskip("langchain_core")
        file.write_text("template: 'Answer {{ question }} as {\"a\": 1}'")
        loaded = prompt(filepath=str(file), as_="langchain").load()
        assert loaded.format(question="it") == 'Answer it as {"a": 1}'
        file.write_text(yaml.safe_dump(CHAT))
        chat = prompt(filepath=str(file), as_="langchain").load()
        assert chat.format_messages(context="c", question="q")[0].content == "Answer from c."
        assert "{{question}}" in str(client.get_prompt_version("answer", 2).template)

    def test_another_process(
        self, prompt: Callable[..., Any], file: Path, run: OwnRun, client: Any
    ) -> None:
        """A pickled dataset, as a runner's worker gets it, does the same."""
        dataset = pickle.loads(pickle.dumps(prompt(run, filepath=str(file))))  # noqa: S301
        assert dataset.load().version == 1
        loaded = pickle.loads(pickle.dumps(dataset.load()))  # noqa: S301
        assert loaded.template == "Answer {{question}}."
        assert linked(client, run) == [{"name": "answer", "version": "1"}]


class TestArguments:
    """Mistakes in the catalog."""

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"prompt": "a b"}, "'a b' is not one of a name, prompts:/name/3"),
            ({"prompt": "prompts:/x/../y"}, "is not one of a name"),
            ({"as_": "list"}, "'list'"),
            ({"sync": "both"}, "'both'"),
            ({"alias": "v3"}, "`alias`: MLflow takes letters"),
            ({"alias": "latest"}, "`alias`: MLflow takes letters"),
            ({"filepath": "a.toml"}, "a prompt cannot be kept in 'a.toml'"),
            ({"filepath": "s3://bucket/a.yml"}, "is no local file"),
            ({"prompt": "prompts:/a/3", "filepath": "a.yml"}, "or choose `sync: remote`"),
            ({"az": "str"}, "does not take 'az'"),
            ({"prompt": 5}, "`prompt` must be a text, not 5: put quotes around it."),
            ({"tags": ["a"]}, "`tags` must be a mapping, such as {team: search}, not ['a']"),
        ],
    )
    def test_wrong_ones(self, arguments: dict[str, Any], words: str) -> None:
        """Each has one clear message."""
        with pytest.raises(Exception) as caught:  # noqa: PT011 - of two classes
            MLflowPromptDataset(**arguments)
        assert words in str(caught.value)

    def test_a_name_that_mlflow_does_not_take(self) -> None:
        """It is found before the pipeline runs."""
        dataset = MLflowPromptDataset()
        dataset.bind("ns/answer", Path.cwd(), None)
        with pytest.raises(DatasetError, match="give it another one with `prompt`"):
            dataset.check()


def test_variables_are_mlflows() -> None:
    """What counts as a variable is what MLflow replaces."""
    text = "{{a}} {{ b.c }} {{1x}} {{ d } {{{e}}} {{é}} {{_f1}}"
    assert PromptContent(text).variables == make_version("x", 1, text).variables

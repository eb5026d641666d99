"""The files of prompts: what they may look like, and what is said of broken ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kedro.io import DatasetError
from mlflow.entities import model_registry
from mlflow_on_kedro.datasets import prompt_files
from mlflow_on_kedro.prompts.content import PromptContent

MESSAGES = [{"role": "user", "content": "Hi {{name}}!"}]


@pytest.mark.parametrize(
    ("name", "text", "template"),
    [
        ("a.txt", "Hi {{name}}!\n\n", "Hi {{name}}!"),
        ("a.md", "\ufeff# Hi\r\n{{name}}\r\n", "# Hi\n{{name}}"),
        ("a.yml", "'Hi {{name}}!'", "Hi {{name}}!"),
        ("a.yaml", "template: |\n  Hi\n  {{name}}\n", "Hi\n{{name}}"),
        ("a.yml", "- {role: user, content: 'Hi {{name}}!'}", MESSAGES),
        ("a.yml", "messages:\n- [human, 'Hi {{name}}!']", MESSAGES),
        (
            "a.json",
            '[{"type": "chatmessage", "role": "human", "content": "Hi {{name}}!"}]',
            MESSAGES,
        ),
    ],
)
def test_layouts(tmp_path: Path, name: str, text: str, template: Any) -> None:
    """MLflow's own, those of LangChain's and Langfuse's datasets, and plain texts."""
    (tmp_path / name).write_bytes(text.encode())
    assert prompt_files.read(tmp_path / name) == PromptContent(template)


@pytest.mark.parametrize("suffix", [".yml", ".json"])
def test_what_is_written_is_read(tmp_path: Path, suffix: str) -> None:
    """All of a prompt comes back as it was."""
    path = tmp_path / f"prompt{suffix}"
    for template in ("two\n\nlines: {{é}} 'x'", [*MESSAGES, {"role": "system", "content": "ä\nb"}]):
        content = PromptContent(template, {"type": "object"}, {"temperature": 0.2})
        prompt_files.write(path, content)
        assert prompt_files.read(path) == content


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.yml", "template: {{question}}", "A template that begins with {{ needs quotes"),
        ("a.yml", "template: x\nmodel: y", "has the unknown key 'model'. It takes: template"),
        ("a.yml", "", "is empty, or of a wrong kind: it must be a text, a list of messages"),
        ("a.yml", "template: 5", "is empty, or of a wrong kind"),
        ("a.txt", " \n", "is empty, or of a wrong kind"),
        ("a.json", "{", "cannot be read: Expecting property name"),
        ("a.json", '["Hi"]', "has a message that is not {role: …, content: …}: 'Hi'"),
        ("a.yml", "- {role: user}", "has a message that is not"),
        ("a.yml", "template: x\nresponse_format: y", "`response_format` must be a mapping"),
        ("a.txt", b"\xff\xfe", "cannot be read: 'utf-8' codec"),
    ],
)
def test_broken_files(tmp_path: Path, name: str, text: str | bytes, words: str) -> None:
    """The message has the file, what is wrong and how it should be."""
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DatasetError) as caught:
        prompt_files.read(path)
    assert words in str(caught.value)
    assert f"The prompt in {path}" in str(caught.value)


def test_wrong_settings_of_the_model(tmp_path: Path) -> None:
    """MLflow's own checks say what is wrong with them."""
    if not hasattr(model_registry, "PromptModelConfig"):
        pytest.skip("this MLflow keeps no settings of models")
    path = tmp_path / "a.yml"
    path.write_text("template: x\nmodel_config: {temperature: -1}")
    with pytest.raises(DatasetError, match="`model_config` is wrong"):
        prompt_files.read(path)


def test_no_room_for_a_chat(tmp_path: Path) -> None:
    """A plain text cannot hold messages."""
    with pytest.raises(DatasetError, match=r"a.md has room for a text alone: give the prompt"):
        prompt_files.write(tmp_path / "a.md", PromptContent(MESSAGES))

"""Texts that come with ``kedro run --params``, which Kedro reads as YAML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mlflow_on_kedro.config.command_texts import as_typed


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A function: what follows ``kedro run`` -> the parameters as the plugin takes them."""
    from kedro.framework.cli.project import run

    def typed_(*words: str, given: Any = None) -> Any:
        monkeypatch.setattr("sys.argv", ["kedro", "run", *words])
        with run.make_context("run", list(words)) as context:
            params = context.params["params"] if given is None else given
            return as_typed(params, "mlflow")

    return typed_


@pytest.mark.parametrize(
    "text", ["off", "no", "on", "true", "007", "1e5", "1_000", "12:30", "0x1f", "1.50", "-0", "x"]
)
@pytest.mark.parametrize("key", ["run.name", "run.key", "experiment.name", "run.tags.state"])
def test_a_text(typed: Any, key: str, text: str) -> None:
    """What is a text to mlflow.yml is what was typed, whatever YAML takes it for."""
    found = typed(f"--params=depth=off,mlflow.{key}={text},mlflow.run.nested=on")
    *above, last = key.split(".")
    below = found["mlflow"]
    for name in above:
        below = below[name]
    assert below[last] == text
    assert found["mlflow"]["run"]["nested"] is True
    assert found["depth"] is False


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["--params", "mlflow.run.name = off"], "off"),
        (["--params", "mlflow.run.name=a", "--params", "mlflow.run.name=no"], "no"),
        (['--params=mlflow.run.name="off"'], "off"),
        (["--params=mlflow.run.name=null"], None),
        (["--params=mlflow.run.name=a=b"], "a=b"),
    ],
)
def test_how_it_is_given(typed: Any, words: list[str], name: str | None) -> None:
    """Spaces, quotes and the option given twice count as they do for Kedro."""
    assert typed(*words)["mlflow"]["run"]["name"] == name


@pytest.mark.parametrize(
    "given",
    [
        {"mlflow": {"run": {"name": 7}}},
        {"mlflow": {"run": {}}},
        {"mlflow": {"run": None}},
        {"mlflow": None},
        {"mlflow": "x"},
        {},
    ],
)
def test_what_comes_from_elsewhere(typed: Any, given: Any) -> None:
    """Parameters of a session in a process whose command says something else stay as they are."""
    assert typed("--params=mlflow.run.name=off", given=given) == given


def test_no_command() -> None:
    """In a notebook there is no command."""
    assert as_typed({"mlflow": {"run": {"name": False}}}, "mlflow") == {
        "mlflow": {"run": {"name": False}}
    }

"""Which parameters a rerun passes to `kedro run`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.rerunning.child_process import config_text
from mlflow_on_kedro.rerunning.passed_parameters import to_pass


@pytest.mark.parametrize(
    ("recorded", "present", "passed"),
    [
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {"a": 1.0}, {"a": 1}),
        ({"a": True}, {"a": 1}, {"a": True}),
        ({"a": [1, 2]}, {"a": [1, 2.0]}, {"a": [1, 2]}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, {"a": {"c": 2}}),
        ({"a": {"b": 1}}, {}, {"a": {"b": 1}}),
        ({"a": {"b.c": 1}}, {"a": {"b": {"c": 1}}}, {"a": {"b.c": 1}}),
        ({"a": None}, {}, {"a": None}),
        ({"a": None}, {"a": None}, {}),
        ({}, {"new": 1}, {}),
    ],
)
def test_differences(
    recorded: dict[str, Any], present: dict[str, Any], passed: dict[str, Any]
) -> None:
    """Only what has another value or type now is passed."""
    assert to_pass(recorded, present, {}).values == passed


def test_kept() -> None:
    """What is masked, or would be resolved once more, stays as it is now."""
    recorded = {"url": "http://***@host", "keys": ["***"], "x": "${y}", "n": {"token": "***"}}
    found = to_pass(recorded, {}, {"given": 1})
    assert found.values == {"given": 1}
    assert found.kept == ["url", "keys", "x", "n.token"]


def test_any_value_passes_through_kedro(tmp_path: Path) -> None:
    """Kedro reads the file as it was meant: numbers in quotes stay texts."""
    import click
    from kedro.framework.cli.project import run

    params = {
        "texts": ["1e5", "true", "null", "2024-01-01", "a, b=c", "multi\nline", "\U0001f377", "~"],
        "numbers": [1, 1.0, 1e-05, float("inf"), -3, True, None],
        "nested": {"a.b": {"c": {}}, "list": [{"d": [1]}], "empty": []},
        "token": "ä: #x",
    }
    file = tmp_path / "run.yml"
    file.write_text(config_text(params), encoding="utf-8")
    context = run.make_context("run", [f"--config={file}", "--tags=x"])
    assert isinstance(context, click.Context)
    assert repr(context.params["params"]) == repr(params)

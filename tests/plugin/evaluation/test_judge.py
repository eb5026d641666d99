"""The environment variables by which a judge is called."""

from __future__ import annotations

from typing import Any

import pytest
from kedro.io import DatasetError
from mlflow_on_kedro.evaluation.judge import environment, secrets


def test_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are named for the judge's provider; a server without keys needs none."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert environment("anthropic:/claude", {"api_key": "k", "AWS_REGION": "eu"}) == {
        "ANTHROPIC_API_KEY": "k",
        "AWS_REGION": "eu",
    }
    assert environment(None, {"base_url": "http://here/v1"}) == {
        "OPENAI_API_BASE": "http://here/v1",
        "OPENAI_BASE_URL": "http://here/v1",
        "OPENAI_API_KEY": "none",
    }
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert "OPENAI_API_KEY" not in environment(None, {"base_url": "http://here/v1"})
    assert secrets({"api_key": "k", "AWS_REGION": "eu", "AWS_SECRET_ACCESS_KEY": "s"}) == ["k", "s"]


def test_mistake() -> None:
    """A key that nothing reads is named."""
    with pytest.raises(DatasetError, match="not 'url'"):
        environment(None, {"url": "http://here"})
    keys: Any = {1: "a"}
    assert secrets(keys) == []
    with pytest.raises(DatasetError, match="not '1'"):
        environment(None, keys)

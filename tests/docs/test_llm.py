"""The page on LLM pipelines: its project runs, and its trace has the calls below their node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mlflow
import pytest
import yaml
from mlflow_on_kedro.observability.traces import LEAST_MLFLOW
from packaging.version import Version

from tests.openai_server import openai_server

from .pages import Page

pytestmark = pytest.mark.skipif(
    Version(mlflow.__version__).release[:2] < LEAST_MLFLOW, reason="traces need a newer MLflow"
)


def test_one_trace_a_run(make_project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The nodes and the mlflow.yml of the page give one trace, tokens and cost."""
    files = Page("llm.md").files("both", "One trace a run")
    questions = ["what is a wine", "why"]
    with openai_server() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
        project = make_project(
            files["src/<package>/nodes.py"],
            mlflow=yaml.safe_load(files["conf/base/mlflow.yml"]),
            parameters={"questions": questions, "model": "gpt-4o-mini"},
        )
        project.session_run()
    run = project.run
    (trace,) = project.client.search_traces([run.info.experiment_id])
    names = {span.span_id: span.name for span in trace.data.spans}
    calls = [span for span in trace.data.spans if span.span_type == "CHAT_MODEL"]
    assert [names[span.parent_id] for span in calls] == ["answer", "answer"]
    assert run.data.metrics["llm.tokens.input"] == trace.info.token_usage["input_tokens"] == 5
    assert run.data.metrics["system/llm.tokens.output/answer"] == 9

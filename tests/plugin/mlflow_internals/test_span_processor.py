"""MLflow has the functions by which spans are put below others, and prices of models."""

from __future__ import annotations

import inspect

import mlflow
import pytest
from mlflow.tracing import fluent
from mlflow.tracing.trace_manager import InMemoryTraceManager
from mlflow_on_kedro.mlflow_internals import llm_costs, tags
from mlflow_on_kedro.observability.traces import LEAST_MLFLOW
from packaging.version import Version

if Version(mlflow.__version__).release[:2] < LEAST_MLFLOW:
    pytest.skip("traces need a newer MLflow", allow_module_level=True)

from mlflow.tracing.constant import SpanAttributeKey, TraceMetadataKey
from mlflow.tracing.processor.base_mlflow import BaseMlflowSpanProcessor
from mlflow.tracing.utils import maybe_get_request_id


def test_names_that_mlflow_may_move() -> None:
    """They are there, with the arguments that are used."""
    assert callable(fluent._set_last_active_trace_id)
    assert "is_evaluate" in inspect.signature(maybe_get_request_id).parameters
    for name in ("on_start", "on_end"):
        assert callable(getattr(BaseMlflowSpanProcessor, name))
    manager = InMemoryTraceManager
    for name in ("get_trace", "get_span_from_id", "register_trace", "pop_trace"):
        assert callable(getattr(manager, name))


def test_attributes() -> None:
    """MLflow notes tokens, cost and model under these names."""
    assert tags.SPAN_TOKENS == SpanAttributeKey.CHAT_USAGE
    assert tags.SPAN_COST == SpanAttributeKey.LLM_COST
    assert tags.SPAN_MODEL == SpanAttributeKey.MODEL
    assert tags.SPAN_PROVIDER == SpanAttributeKey.MODEL_PROVIDER
    assert tags.TRACE_TOKENS == TraceMetadataKey.TOKEN_USAGE
    assert tags.TRACE_COST == TraceMetadataKey.COST


def test_prices() -> None:
    """A model that MLflow does not know has no price; a known one has, in newer versions."""
    tokens = {"input_tokens": 1000, "output_tokens": 10}
    assert llm_costs.cost_of("no-such-model", None, tokens) is None
    assert llm_costs.cost_of(None, None, None) is None
    known = llm_costs.cost_of("gpt-4o-mini", "openai", tokens)
    assert known is None or 0 < known["total_cost"] < 1

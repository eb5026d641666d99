"""Functions that are replaced, MLflow's own errors, and the names of its tags."""

from __future__ import annotations

import functools
from typing import Any

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from mlflow.tracing import constant
from mlflow.tracking import fluent
from mlflow.utils import mlflow_tags
from mlflow_on_kedro.mlflow_internals import errors, replaced_functions, tags, trace_client


def test_replaced_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function is replaced once, for MLflow's own modules and for users."""
    for owner in (mlflow, fluent):
        monkeypatch.setattr(owner, "end_run", functools.partial(lambda: "original"))

    def replace(original: Any) -> Any:
        return lambda: f"replaced {original()}"

    for _ in range(2):
        replaced_functions.replace_function("end_run", replace)
    assert [mlflow.end_run(), fluent.end_run()] == ["replaced original"] * 2


def test_replaced_methods(monkeypatch: pytest.MonkeyPatch, store_uri: str) -> None:
    """A client's method is replaced for all clients."""
    monkeypatch.setattr(mlflow.MlflowClient, "get_run", lambda _, run_id: run_id)
    replaced_functions.replace_method(
        mlflow.MlflowClient,
        "get_run",
        lambda original: lambda *args: f"replaced {original(*args)}",
    )
    assert mlflow.MlflowClient(store_uri).get_run("abc") == "replaced abc"


def test_not_found() -> None:
    """The error has the code that MLflow gives for what does not exist."""
    error = errors.not_found("no such run")
    assert isinstance(error, MlflowException)
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_tags() -> None:
    """The names of tags are MLflow's own."""
    assert tags.PARENT_RUN == mlflow_tags.MLFLOW_PARENT_RUN_ID
    assert tags.RUN_NAME == mlflow_tags.MLFLOW_RUN_NAME
    assert tags.DATASET_CONTEXT == mlflow_tags.MLFLOW_DATASET_CONTEXT
    assert tags.MODEL_VERSIONS == mlflow_tags.MLFLOW_MODEL_VERSIONS
    assert tags.TRACE_FILES == mlflow_tags.MLFLOW_ARTIFACT_LOCATION
    assert tags.TRACE_RUN == constant.TraceMetadataKey.SOURCE_RUN
    assert tags.TRACE_NAME == constant.TraceTagKey.TRACE_NAME
    assert tags.SPAN_TRACE_ID == constant.SpanAttributeKey.REQUEST_ID
    assert tags.SPAN_TYPE == constant.SpanAttributeKey.SPAN_TYPE
    assert tags.SPAN_INPUTS == constant.SpanAttributeKey.INPUTS
    assert tags.SPAN_OUTPUTS == constant.SpanAttributeKey.OUTPUTS


def test_the_client_for_traces() -> None:
    """MLflow's client for traces has the calls by which a trace is sent."""
    from mlflow.tracing.client import TracingClient

    assert callable(TracingClient._upload_trace_data)
    if hasattr(constant.TraceTagKey, "SPANS_LOCATION"):  # MLflow 3.6 and later
        assert callable(TracingClient._get_artifact_repo_for_trace)
        assert trace_client._SPANS_LOCATION_TAG == constant.TraceTagKey.SPANS_LOCATION
    else:
        assert hasattr(TracingClient, "start_trace_v3") or hasattr(TracingClient, "start_trace")

"""MLflowEvaluation: a table that is evaluated when a node saves it."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.io import DataCatalog, DatasetError
from mlflow_on_kedro import MLflowEvaluation
from mlflow_on_kedro.datasets import evaluation
from mlflow_on_kedro.datasets.catalog_entries import complete_entry
from mlflow_on_kedro.evaluation.result import Evaluated
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.utils import mlflow_version
from mlflow_on_kedro.utils.pipeline_info import PipelineInfo

from tests.openai_server import OpenAIServer, openai_server

HERE = __name__
KEY = "sk-hush-hush"
TABLE = pd.DataFrame(
    {
        "question": ["Capital of France?", "Capital of Spain?"],
        "answer": ["Paris", "Rome"],
        "truth": ["Paris", "Madrid"],
    }
)


def is_exact(outputs: str, expectations: dict[str, str]) -> bool:
    """A scorer of a project."""
    return outputs == expectations["expected_response"]


def fails(outputs: str) -> bool:
    """A scorer that fails, and shows a secret that only it has."""
    raise ValueError(f"no word for {outputs}: {os.environ['OPENAI_API_KEY']}")


def has_truth(expectations: dict[str, str]) -> bool:
    """A scorer that looks for an expectation."""
    return "expected_response" in expectations


def is_long(outputs: str) -> float:
    """A scorer that has no number for a short answer."""
    return float("nan") if len(outputs) < 5 else 1.0


INSTALLED = mlflow_version.major_minor(mlflow_version.mlflow_version())
judges = pytest.mark.skipif(INSTALLED < (3, 8), reason="MLflow's judges need litellm")
evaluates = pytest.mark.skipif(
    INSTALLED < evaluation.LEAST_MLFLOW, reason="MLflow is too old to evaluate"
)


@pytest.fixture
def judge() -> Iterator[OpenAIServer]:
    """A judge that knows one capital."""
    with openai_server() as server:
        server.reply = lambda messages: json.dumps(
            {"result": "yes" if "Paris" in str(messages) else "no", "rationale": "I know it."}
        )
        yield server


def entry(*scorers: Any, base_url: str = "", **arguments: Any) -> MLflowEvaluation:
    """The dataset `quality`, as a catalog makes it."""
    return MLflowEvaluation(
        scorers or ["Correctness"],
        "quality.json",
        "quality",
        model="openai:/judge",
        inputs=["question"],
        outputs="answer",
        expectations={"expected_response": "truth"},
        credentials={"api_key": KEY, "base_url": base_url},
        **arguments,
    )


@judges
def test_evaluation(
    judge: OpenAIServer,
    open_run: Callable[..., OwnRun],
    client: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Metrics, table and traces are in the run, and nothing else; a failing scorer is named."""
    run = open_run(PipelineInfo())
    quality = entry("Correctness", f"{HERE}.is_exact", f"{HERE}.fails", base_url=judge.url)
    quality.bind("quality", tmp_path, run.uri, run)
    quality.prepare(DataCatalog(), {"quality"}, is_saved=True)
    with caplog.at_level(logging.WARNING, "mlflow_on_kedro"):
        quality.save(TABLE)
    run.end("FINISHED")

    metrics = {"correctness/mean": 0.5, "is_exact/mean": 0.5}
    loaded = quality.load()
    assert loaded.metrics == metrics
    assert list(loaded.result_df["correctness/value"]) == ["yes", "no"]
    assert list(loaded.result_df["is_exact/value"]) == [True, False]
    assert run.opened is not None
    (found,) = client.search_runs([run.opened.experiment_id])
    kept = {name.removeprefix("quality."): value for name, value in found.data.metrics.items()}
    assert {name: kept.get(name) for name in metrics} == metrics
    tables = json.loads(found.data.tags["mlflow.loggedArtifacts"])
    assert tables == [{"path": "quality.json", "type": "table"}]
    assert [each.name for each in client.search_experiments()] == ["demo", "Default"]

    traces = [client.get_trace(trace_id) for trace_id in loaded.result_df["trace_id"]]
    assert {each.info.trace_metadata["mlflow.sourceRun"] for each in traces} == {found.info.run_id}
    first = traces[0]
    assert json.loads(first.data.request) == {"question": "Capital of France?"}
    said = {each.name: each for each in first.info.assessments}
    assert said["correctness"].feedback.value == "yes"
    assert said["correctness"].rationale == "I know it."
    assert said["expected_response"].expectation.value == "Paris"
    assert {each.metadata["mlflow.assessment.sourceRunId"] for each in said.values()} == {
        found.info.run_id
    }
    assert [record.getMessage() for record in caplog.records] == [
        "'quality': the scorer 'fails' failed on 2 of 2 rows: ValueError: no word for Paris: ***"
    ]
    written = "".join(path.read_text("utf-8") for path in tmp_path.rglob("*.json"))
    assert KEY not in written + str([each.to_dict() for each in traces]) + str(quality)

    again = MLflowEvaluation(["Correctness"], None, "quality", loading_run_id=found.info.run_id)
    again.bind("quality", tmp_path, run.uri)
    assert again.load().metrics == metrics
    assert again.load().result_df.equals(loaded.result_df)


@evaluates
def test_values_that_are_no_numbers(
    open_run: Callable[..., OwnRun], client: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An empty cell is no expectation, and a score that is NaN is a failure; the others count."""
    run = open_run(PipelineInfo())
    quality = entry(f"{HERE}.has_truth", f"{HERE}.is_long")
    quality.bind("quality", tmp_path, run.uri, run)
    answers = ["Paris", "Rome", "Madrid"]
    table = pd.DataFrame(
        {"question": ["a", "b", "c"], "answer": answers, "truth": [float("nan"), "Rome", "Madrid"]}
    )
    with caplog.at_level(logging.WARNING, "mlflow_on_kedro"):
        quality.save(table)
    run.end("FINISHED")
    found = quality.load()
    assert list(found.result_df["has_truth/value"]) == [False, True, True]
    scores = found.result_df["is_long/value"]
    assert [None if pd.isna(score) else score for score in scores] == [1.0, None, 1.0]
    assert found.metrics["has_truth/mean"] == pytest.approx(2 / 3)
    assert found.metrics["is_long/mean"] == 1.0
    traces = [client.get_trace(trace_id) for trace_id in found.result_df["trace_id"]]
    said = [{each.name for each in trace.info.assessments} for trace in traces]
    assert ["expected_response" in names for names in said] == [False, True, True]
    assert [record.getMessage() for record in caplog.records] == [
        "'quality': the scorer 'is_long' failed on 1 of 3 rows: it returned nan, which is no score"
    ]


def test_nothing_evaluated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A process that fails, no rows, and an MLflow that is too old are one warning each."""
    monkeypatch.chdir(tmp_path)
    quality = entry()
    failed = Evaluated(error="no memory.")
    with caplog.at_level(logging.WARNING, "mlflow_on_kedro"):
        monkeypatch.setattr(evaluation, "evaluate", lambda *_: failed)
        quality.save(TABLE)
        assert quality.load().metrics == {}
        assert list(quality.load().result_df["outputs"]) == ["Paris", "Rome"]
        quality.save(TABLE[:0])
        assert quality.load().result_df.empty
        monkeypatch.setattr(evaluation, "LEAST_MLFLOW", (99, 0))
        quality.prepare(DataCatalog(), (), is_saved=True)
        quality.save(TABLE)
    could_not, no_rows, too_old = [record.getMessage() for record in caplog.records]
    assert could_not == (
        "'quality' could not be evaluated: no memory. The pipeline runs on, and its run has no "
        "metrics of it."
    )
    assert no_rows == "'quality' is not evaluated: the table has no rows."
    assert "needs MLflow 99.0 or later" in too_old


def test_catalog_entry() -> None:
    """An entry gets its file; a wrong argument, and a wrong class, are one message."""
    given = {"type": "mlflow_on_kedro.MLflowEvaluation", "scorers": ["Safety"], "credentials": "j"}
    assert complete_entry("quality", dict(given), str)["filepath"] == "data/mlflow/quality.json"
    with pytest.raises(DatasetError, match=r"does not take 'scorer'\. Did you mean 'scorers'"):
        complete_entry("quality", {**given, "scorer": "Safety"}, str)
    with pytest.raises(DatasetError, match=r"Did you mean 'mlflow_on_kedro\.MLflowEvaluation'"):
        complete_entry("quality", {**given, "type": "mlflow_on_kedro.MLflowEvaluaton"}, str)
    with pytest.raises(DatasetError, match="`model` must be a text, not 4: put quotes"):
        DataCatalog.from_config({"quality": {**given, "credentials": None, "model": 4}})["quality"]
    made = DataCatalog.from_config({"quality": {**given, "credentials": None}})
    assert made.to_config()[0]["quality"]["scorers"] == ["Safety"]


@evaluates
def test_unknown_scorer_before_the_run() -> None:
    """It is an error where it is saved, before a node runs; who only loads needs no scorer."""
    with pytest.raises(DatasetError, match="no scorer 'Nope'"):
        entry("Nope").prepare(DataCatalog(), (), is_saved=True)
    entry("Nope").prepare(DataCatalog(), (), is_saved=False)

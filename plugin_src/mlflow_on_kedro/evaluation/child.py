"""The process of an evaluation: calls ``mlflow.genai.evaluate`` on an empty store."""

from __future__ import annotations

import math
import os
import pickle
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from ..utils import client_variables
from .process import JOB, RESULT, TRACES, Job
from .result import Evaluated, Scores, masked
from .rows import Row
from .scorers import make_all

if TYPE_CHECKING:
    from mlflow.entities import AssessmentError, Trace

ROW_TAG = "mlflow_on_kedro.row"
"""Says of a trace, while it is evaluated, which row it is of."""
# MLflow's variables for scorers, judges and rate limits; the others are about the user's server.
_KEPT = ("MLFLOW_GENAI_", "MLFLOW_JUDGE_", "MLFLOW_GATEWAY_", "MLFLOW_DEPLOYMENTS_")


def main(config: dict[str, Any]) -> None:
    """Evaluate what the job file says, and write the result file.

    Args:
        config: ``folder``, ``environment`` and ``secrets`` of :func:`.process.evaluate`.
    """
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    # Ctrl-C ends this process at once: MLflow would first wait for all rows.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    folder = Path(config["folder"])
    isolate(config["environment"])
    secrets = config["secrets"]
    try:
        job: Job = pickle.loads((folder / JOB).read_bytes())  # noqa: S301 - the parent's own file
        (folder / JOB).unlink()  # the folder stays if the parent is killed
        result = evaluate(replace(job, secrets=secrets), folder)
    except Exception as error:
        result = Evaluated(error=masked(f"{type(error).__name__}: {error}", secrets))
    temporary = folder / f"{RESULT}.tmp"
    temporary.write_bytes(pickle.dumps(result))
    temporary.replace(folder / RESULT)


def _exit_with_parent() -> None:
    # Nothing is written after the first line, so this returns when the parent has ended. It does
    # not use `sys.stdin`, whose lock Python needs when this process itself ends.
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def isolate(environment: dict[str, str]) -> None:
    """Set the judge's variables, and remove those that lead to the user's MLflow."""
    for name in list(os.environ):
        if name.startswith(("MLFLOW_", "OTEL_")) and not name.startswith(_KEPT):
            del os.environ[name]
    os.environ.update(environment)
    os.environ["TQDM_DISABLE"] = "1"
    client_variables.set_mlflow_defaults()
    # This process never forks, and has threads that all write.
    del os.environ["MLFLOW_SQLALCHEMYSTORE_POOLCLASS"]


def evaluate(job: Job, folder: Path) -> Evaluated:
    """Evaluate rows on a store in a folder, and save their traces there.

    Args:
        job: What is evaluated.
        folder: Where the store and the traces are.

    Raises:
        Exception: MLflow cannot evaluate these rows.
    """
    import mlflow
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    # The store is thrown away, so it need not survive a power cut: half of the time.
    event.listen(Engine, "connect", lambda made, _: made.execute("PRAGMA synchronous = OFF"))
    mlflow.set_tracking_uri(f"sqlite:///{(folder / 'mlflow.db').as_posix()}")
    location = (folder / "artifacts").as_uri()
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("evaluation", location))
    rows = [_numbered(number, row) for number, row in enumerate(job.rows)]
    scorers = make_all(job.scorers)
    with mlflow.start_run() as run:
        result = mlflow.genai.evaluate(data=rows, scorers=scorers)
    order = {scorer.name: number for number, scorer in enumerate(scorers)}
    return _collected(job, result, run.info.run_id, folder / TRACES, order)


def _numbered(number: int, row: Row) -> Row:
    trace = row.get("trace")
    text = {} if trace is None or isinstance(trace, str) else {"trace": trace.to_json()}
    return {**row, **text, "tags": {**row.get("tags", {}), ROW_TAG: str(number)}}


def _collected(
    job: Job, result: Any, run_id: str, place: Path, order: Mapping[str, int]
) -> Evaluated:
    """Return what MLflow has found, in the order of the rows and scorers, and save the traces."""
    import mlflow

    from ..observability import saved_traces

    scores: list[Scores] = [{} for _ in job.rows]
    trace_ids = ["" for _ in job.rows]
    folders = []
    # From the store: older versions return traces without what the scorers have said, and all
    # return none if one of them has a value that is not JSON.
    for found in mlflow.search_traces(return_type="list", include_spans=False):
        trace = mlflow.get_trace(found.info.trace_id)
        if trace is None or ROW_TAG not in trace.info.tags:
            continue  # of a scorer
        number = int(trace.info.tags.pop(ROW_TAG))
        scores[number] = _in_order(_scores(trace, run_id, job), order)
        trace_ids[number] = trace.info.trace_id
        folders.append(saved_traces.write(trace, run_id, place))
    metrics = {name: _of_valid(name, value, scores) for name, value in result.metrics.items()}
    return Evaluated(_in_order(metrics, order), scores, trace_ids, folders)


def _of_valid(metric: str, value: Any, scores: list[Scores]) -> float:
    """Return a metric, and for a mean of NaN or infinity the mean of the other rows."""
    scorer, _, kind = metric.rpartition("/")
    if kind != "mean" or math.isfinite(value):
        return float(value)
    found = [row[scorer]["value"] for row in scores if scorer in row]
    numbers = [float(score) for score in found if isinstance(score, bool | int | float)]
    return fmean(numbers) if numbers else math.nan


def _in_order(values: dict[str, Any], order: Mapping[str, int]) -> dict[str, Any]:
    # Scorers run beside each other, and MLflow returns what comes first.
    keys = sorted(values, key=lambda name: order.get(name.partition("/")[0], len(order)))
    return {name: values[name] for name in keys}


def _scores(trace: Trace, run_id: str, job: Job) -> Scores:
    """Return what the scorers say of a row, and mask secrets in their errors."""
    from mlflow.entities import AssessmentError

    from ..mlflow_internals.tags import ASSESSMENT_RUN

    found: Scores = {}
    for each in trace.info.assessments or ():
        if each.feedback is None or (each.metadata or {}).get(ASSESSMENT_RUN, run_id) != run_id:
            continue  # an expectation, or a score that a given trace had before
        value = each.feedback.value
        if isinstance(value, float) and not math.isfinite(value):  # no store takes it
            each.feedback.value = None  # type: ignore[assignment]
            each.feedback.error = AssessmentError(
                "INVALID_SCORE", f"it returned {value}, which is no score"
            )
        error = each.feedback.error
        if error is not None:
            error.error_message = masked(_with_class(error), job.secrets)
            error.stack_trace = masked(error.stack_trace or "", job.secrets) or None
        found[each.name] = {
            "value": each.feedback.value,
            "rationale": each.rationale,
            "error_message": error.error_message if error is not None else None,
        }
    return found


def _with_class(error: AssessmentError) -> str:
    """Return the message of an error with the exception's class, which its traceback ends with."""
    message = error.error_message or error.error_code
    last = (error.stack_trace or "").rstrip().rpartition("\n")[2]
    return str(last if last.endswith(message) else message)

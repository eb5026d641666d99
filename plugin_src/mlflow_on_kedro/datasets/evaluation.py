"""``MLflowEvaluation``: a table of answers that is evaluated when it is saved."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..evaluation import judge
from ..evaluation.process import Job, evaluate
from ..evaluation.result import Evaluated, EvaluationResult
from ..evaluation.rows import Columns, Row, rows_of
from ..evaluation.scorers import make_all, specs_of
from ..journal.entries import Trace
from ..utils import client_variables, mlflow_version
from ..utils.secrets import without_secrets
from .arguments import check_texts
from .mlflow_dataset import MLflowDataset

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

LEAST_MLFLOW = (3, 4)
"""The first MLflow whose ``mlflow.genai.evaluate`` needs no Databricks."""


class MLflowEvaluation(MLflowDataset):
    """Evaluates a table of answers with ``mlflow.genai.evaluate`` when a node saves it.

    The run gets MLflow's metrics (``correctness/mean``), the table of results, and a trace for each
    row with its scores. The evaluation runs in a process of its own, so that it works while MLflow
    cannot be reached; a scorer that fails is named in a warning, and the others count.

    Args:
        scorers: MLflow's scorers by their names (``Correctness``), import paths of functions of
            your own, or of whatever makes a scorer of MLflow; with arguments as a dict of one name:
            ``{Guidelines: {guidelines: The answer is polite.}}``.
        filepath: The local file with the results. Default: ``data/mlflow/<dataset name>.json`` in
            the project.
        dataset_name: The name in MLflow. Default: the catalog's name.
        model: The judge of all scorers that call a model, and name none themselves:
            ``openai:/gpt-4.1-mini``. Default: MLflow's.
        inputs: The column with the dict of a row's inputs; or the columns that are the inputs, as a
            list, or as a dict of the inputs' names and the columns.
        outputs: The column with the answer.
        expectations: As ``inputs``: what the answer should be, for scorers that compare.
        prefix: What the names of metrics begin with, before a dot; ``""``: they are MLflow's.
            Default: ``dataset_name``.
        credentials: ``api_key`` and ``base_url`` of the judge, and environment variables in
            capitals, which only the evaluation sees.
        loading_tracking_uri: Load from this MLflow.
        loading_run_id: Load this run's results, instead of the local file.
        artifact_path: A folder inside the run's artifacts for the table.
        metadata: Any data, which is not used.

    Raises:
        DatasetError: ``scorers`` or ``credentials`` cannot be read. Before the pipeline runs: there
            is no such scorer, or it does not take its arguments.

    Example:
        >>> quality = MLflowEvaluation(["RelevanceToQuery"], inputs=["question"], outputs="answer")
    """

    def __init__(
        self,
        scorers: Sequence[str | Mapping[str, Any]],
        filepath: str | os.PathLike[str] | None = None,
        dataset_name: str | None = None,
        *,
        model: str | None = None,
        inputs: str | Sequence[str] | Mapping[str, str] = "inputs",
        outputs: str = "outputs",
        expectations: str | Sequence[str] | Mapping[str, str] = "expectations",
        prefix: str | None = None,
        credentials: dict[str, Any] | None = None,
        loading_tracking_uri: str | None = None,
        loading_run_id: str | None = None,
        artifact_path: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            "table",
            filepath,
            dataset_name,
            loading_tracking_uri=loading_tracking_uri,
            loading_run_id=loading_run_id,
            artifact_path=artifact_path,
            metadata=metadata,
        )
        self._metrics = MLflowDataset(
            "m",
            _beside(filepath),
            dataset_name,
            loading_tracking_uri=loading_tracking_uri,
            loading_run_id=loading_run_id,
            prefix=prefix,
        )
        check_texts(model=model, outputs=outputs)
        self._scorers = specs_of(scorers, model)
        self._model = model
        self._columns = Columns(inputs, outputs, expectations)
        # In a catalog it is the name of credentials until Kedro has put them there.
        given = credentials if isinstance(credentials, Mapping) else None
        self._environment = judge.environment(model, given)
        self._secrets = judge.secrets(given)

    def bind(
        self,
        name: str,
        root: Path,
        tracking_uri: str | None,
        run: TrackedRun | None = None,
        *,
        logs: bool = True,
    ) -> None:
        """Set the name, the project and the run, also of the metrics."""
        super().bind(name, root, tracking_uri, run, logs=logs)
        self._metrics.bind(name, root, tracking_uri, run, logs=logs)

    def for_run(self, run_id: str, uri: str) -> MLflowEvaluation:
        """Return the same dataset, which loads what a certain run has found."""
        other = super().for_run(run_id, uri)
        assert isinstance(other, MLflowEvaluation)  # noqa: S101 - for mypy
        other._metrics = self._metrics.for_run(run_id, uri)  # noqa: SLF001 - of the same class
        return other

    def prepare(
        self, catalog: CatalogProtocol[Any, Any], known: Collection[str], *, is_saved: bool
    ) -> None:
        """Raise an error for scorers that cannot be made, before a node has called a model."""
        super().prepare(catalog, known, is_saved=is_saved)
        if not is_saved:
            return
        if is_too_old():
            logger.warning("'%s' is not evaluated: that %s.", self.name, what_it_needs())
            return
        client_variables.set_mlflow_defaults()
        make_all(self._scorers)

    def save(self, data: Any) -> None:
        """Evaluate a table, and save the results to the file and to the run.

        Raises:
            DatasetError: It is no table, or has no such columns.
        """
        rows = rows_of(self.name, data, self._columns)
        with tempfile.TemporaryDirectory(
            prefix="mlflow_on_kedro-", ignore_cleanup_errors=True
        ) as folder:
            found = self._evaluate(rows, Path(folder))
            with self.saving_run() as run:
                for trace in found.traces if run is not None else ():
                    run.log_entry(Trace(str(trace)))  # type: ignore[union-attr]
        self._metrics.save(found.metrics)
        super().save(found.table(rows))

    def _evaluate(self, rows: Sequence[Row], folder: Path) -> Evaluated:
        if is_too_old():
            return Evaluated()
        if not rows:
            logger.warning("'%s' is not evaluated: the table has no rows.", self.name)
            return Evaluated()
        names = ", ".join(spec.name for spec in self._scorers)
        logger.info("Evaluating %d rows of '%s' with %s ...", len(rows), self.name, names)
        found = evaluate(Job(rows, self._scorers, self._secrets), self._environment, folder)
        if found.error:
            message = f"'{self.name}' could not be evaluated: {found.error}"
            run = self.pipeline_run
            if run is not None and run.config.tracking.on_failure == "raise":
                raise DatasetError(message)
            logger.warning(
                "%s. The pipeline runs on, and its run has no metrics of it.", message.rstrip(".")
            )
        if found.metrics:
            means = ", ".join(f"{name} {value:.3g}" for name, value in found.metrics.items())
            logger.info("'%s': %s.", self.name, means)
        for scorer, errors in found.failures().items():
            logger.warning(
                "'%s': the scorer '%s' failed on %d of %d rows: %s",
                *(self.name, scorer, len(errors), len(rows), errors[0]),
            )
        return found

    def load(self) -> EvaluationResult:
        """Load what the evaluation has found.

        Raises:
            DatasetError: Nothing was evaluated yet, or the run to load from has no such evaluation.
        """
        table = super().load()
        return EvaluationResult(self._metrics.load(), table)

    def _release(self) -> None:
        super()._release()
        self._metrics.release()

    def _describe(self) -> dict[str, Any]:
        given = {name: item for name, item in super()._describe().items() if name != "dataset"}
        scorers = [
            spec.name if spec.arguments is None else {spec.name: without_secrets(spec.arguments)}
            for spec in self._scorers
        ]
        return {"scorers": scorers, **({"model": self._model} if self._model else {}), **given}


def is_too_old() -> bool:
    """Whether the installed MLflow evaluates nothing without Databricks."""
    return mlflow_version.major_minor(mlflow_version.mlflow_version()) < LEAST_MLFLOW


def what_it_needs() -> str:
    """Return which MLflow an evaluation needs, and which one is installed, for messages."""
    least, installed = ".".join(map(str, LEAST_MLFLOW)), mlflow_version.mlflow_version()
    return f"needs MLflow {least} or later, and {installed} is installed"


def _beside(filepath: str | os.PathLike[str] | None) -> str | None:
    """Return the path of the file with the metrics."""
    if filepath is None:
        return None
    suffix = PurePath(filepath).suffix
    return f"{os.fspath(filepath).removesuffix(suffix)}.metrics.pkl"

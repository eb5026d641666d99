"""``MLflowPipelineModel``: a pipeline model made in Python, for notebooks, scripts and tests."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError
from kedro.utils import find_kedro_project

from ..config.model_entries import pipeline_model
from ..config.sections import Config, Tracking
from ..errors import ConfigError, MLflowOnKedroError
from ..mlflow_internals import run_stack
from ..utils import kedro_internals
from ..utils.suggestions import did_you_mean
from . import external_artifacts
from .builder import PipelineModelBuilder, Project
from .log_to_run import log_built_model
from .pipeline_model import PipelineModel
from .spec import PipelineModelSpec

if TYPE_CHECKING:
    from kedro.io import AbstractDataset, CatalogProtocol
    from kedro.pipeline import Pipeline

logger = logging.getLogger(__name__)


class MLflowPipelineModel:
    """An inference pipeline with its artifacts and parameters, as one MLflow model.

    The model takes the values that the catalog has at this moment, from memory as well as from
    files. It predicts as it does once it is saved and loaded by ``mlflow.pyfunc.load_model``.

    Args:
        pipeline: The pipeline that predicts; it has one output.
        catalog: The catalog with the pipeline's other inputs, such as that of a notebook.
        input: The pipeline's input dataset whose value :meth:`predict` takes.
        name: The model's name in MLflow.
        **settings: Further keys of an entry of ``pipeline_models`` in mlflow.yml: ``runner``,
            ``copy_mode``, ``pip_requirements``, ``metadata``, ``registered_model_name``, …

    Raises:
        ConfigError: ``input`` is not an input of the pipeline, the pipeline does not have exactly
            one output, the catalog lacks one of its inputs, or a setting is wrong.
        DatasetError: An input cannot be loaded, or cannot be put into a model.

    Example:
        >>> from kedro.io import DataCatalog, MemoryDataset
        >>> from kedro.pipeline import node, pipeline
        >>> double = pipeline([node(lambda x, by: x * by, ["x", "params:by"], "y")])
        >>> catalog = DataCatalog({"params:by": MemoryDataset(2)})
        >>> model = MLflowPipelineModel(double, catalog, input="x")
        >>> model.predict(21), model.predict(21, params={"by": 10})
        (42, 210)
    """

    def __init__(
        self,
        pipeline: Pipeline,
        catalog: CatalogProtocol[Any, Any],
        input: str,  # noqa: A002 - the name of the key in mlflow.yml
        name: str = "model",
        **settings: Any,
    ) -> None:
        entry = {**settings, "inference": name, "input": input}
        where = f"{type(self).__name__} '{name}'"
        self._spec = PipelineModelSpec.from_pipelines(
            name, pipeline_model(name, entry, where), where, pipeline, pipeline
        )
        datasets = external_artifacts.pin_versions(_datasets(self._spec, catalog))
        self._input = catalog.get(input) if input in catalog else None
        root = find_kedro_project(Path.cwd()) or Path.cwd()
        project = Project(root, kedro_internals.package_name())
        scratch = tempfile.mkdtemp()
        weakref.finalize(self, shutil.rmtree, scratch, ignore_errors=True)
        taken = external_artifacts.source_uris(self._spec, datasets)
        self._builder = PipelineModelBuilder.from_datasets(
            Path(scratch), self._spec, project, datasets, taken
        )
        self._model = PipelineModel(self._builder.contents)

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Run the pipeline on an input, in memory, and return its output.

        Args:
            model_input: The value of the pipeline's input dataset.
            params: Other values for parameters, by their dotted names (``model.threshold``), and
                ``runner``, the name of one of Kedro's runners.

        Raises:
            ValueError: ``runner`` is neither one of Kedro's runners nor the model's own.
        """
        return self._model.predict(model_input, params)

    def save(self, folder: str | os.PathLike[str], model_input: Any = None) -> None:
        """Save the model in MLflow's format, as ``mlflow.pyfunc.save_model`` does.

        Args:
            folder: The folder to save to; it does not exist or is empty.
            model_input: An input, from which the signature is inferred. Default: the value that
                the catalog has for it.

        Raises:
            ConfigError: A file that the settings name is missing.
        """
        self._builder.save(Path(folder), self._example(model_input))

    def log(self, model_input: Any = None) -> str:
        """Log the model to the active MLflow run, and register it if the settings name one.

        Args:
            model_input: As for :meth:`save`.

        Returns:
            The model's URI, ``runs:/<run id>/<name>``.

        Raises:
            MLflowOnKedroError: No run is active, or MLflow refuses the model.

        Example:
            >>> with context.mlflow.start_run():  # doctest: +SKIP
            ...     uri = model.log(features)
        """
        run_id = run_stack.active_run_id()
        if run_id is None:
            raise MLflowOnKedroError(
                "No MLflow run is active to log the model to: call this in `with "
                "mlflow.start_run():` or, in a notebook, `with context.mlflow.start_run():`."
            )
        import mlflow

        from ..models.registry import register_models
        from ..runs.joined_run import JoinedRun

        uri = mlflow.get_tracking_uri()
        run = JoinedRun.from_id(uri, run_id, Config(tracking=Tracking(on_failure="raise")))
        log_built_model(run, self._builder, self._example(model_input))
        if self._spec.registration is not None:
            register_models(run.client, run_id, uri, only=self._spec.name, raising=True)
        return f"runs:/{run_id}/{self._spec.name}"

    def _example(self, given: Any) -> Any:
        if given is not None:
            return given
        try:
            found = self._input.load() if self._input is not None else None
        except DatasetError:
            found = None
        if found is None:
            logger.warning(
                "%s: the catalog has no value of '%s', so the model gets no signature for its "
                "input. Give a value as `model_input`.",
                self._spec.where,
                self._spec.settings.input,
            )
        return found


def _datasets(
    spec: PipelineModelSpec, catalog: CatalogProtocol[Any, Any]
) -> dict[str, AbstractDataset[Any, Any]]:
    found = {}
    for name in (*spec.artifacts, *spec.parameters):
        dataset = catalog.get(name) if name in catalog else None
        if dataset is None:
            known = [str(other) for other in catalog]
            raise ConfigError(
                f"{spec.where}: the pipeline reads '{name}', which the catalog does not have."
                f"{did_you_mean(name, known)}"
            )
        found[name] = dataset
    return found

"""Build a pipeline model and log it to a run."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..models import logged_models
from ..tracking.failures import reason
from .builder import PipelineModelBuilder, Project
from .contents import Datasets
from .external_artifacts import log_inputs
from .spec import PipelineModelSpec

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)


def log_pipeline_model(
    run: TrackedRun,
    spec: PipelineModelSpec,
    project: Project,
    datasets: Datasets,
    model_input: Any,
    source_uris: Mapping[str, str],
) -> None:
    """Build a model, and log it to a run under its name, and its external artifacts as inputs.

    Args:
        run: The run.
        spec: The model.
        project: The project that the pipeline belongs to.
        datasets: The dataset of each of its artifacts and parameters.
        model_input: The value of the inference pipeline's input in training; None: load it.
        source_uris: The URIs of artifacts that other runs or the registry provide.

    Raises:
        ConfigError: A file that mlflow.yml names is missing.
        DatasetError: An artifact cannot be loaded, or cannot be put into a model.
    """
    if model_input is None:
        model_input = _load_input(spec, datasets)
    with tempfile.TemporaryDirectory() as scratch:
        builder = PipelineModelBuilder.from_datasets(
            Path(scratch), spec, project, datasets, source_uris
        )
        log_built_model(run, builder, model_input)
    log_inputs(run, spec, datasets, source_uris)


def log_built_model(run: TrackedRun, builder: PipelineModelBuilder, model_input: Any) -> None:
    """Save a model's content in MLflow's format, and log it to a run under the model's name."""
    spec = builder.spec
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / spec.name
        predicts = builder.save(folder, model_input)
        tags = dict(spec.settings.tags)
        if spec.registration is not None and predicts:
            tags[logged_models.REGISTER_TAG] = spec.registration.to_text()
        run.log_entry(logged_models.model_entry(folder, spec.name, tags=tags))
        if run.journal is None:  # without a journal's copy, the folder has to stay until it is sent
            run.flush()


def _load_input(spec: PipelineModelSpec, datasets: Datasets) -> Any:
    """Load the value that the model's input had in training; warn and return None if that fails."""
    dataset = datasets.get(spec.settings.input)
    try:
        value = dataset.load() if dataset is not None else None
    except DatasetError as error:
        value, cause = None, f" ({reason(error)})"
    else:
        cause = ""
    if value is None:
        logger.warning(
            "%s: '%s' cannot be loaded, so the model gets no signature for its input. To have "
            "one, keep the dataset in a file, by an entry in catalog.yml.%s",
            spec.where,
            spec.settings.input,
            cause,
        )
    return value

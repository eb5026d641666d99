"""Making a model of an inference pipeline, and logging it to a run."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..models import logged_models
from ..tracking.failures import reason
from .contents import Datasets
from .material import Material, Project
from .spec import Choice

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)


def log_pipeline_model(
    run: TrackedRun,
    choice: Choice,
    project: Project,
    datasets: Datasets,
    model_input: Any,
    sources: Mapping[str, str] | None = None,
) -> None:
    """Make a model and log it to a run under its name.

    Args:
        run: The run.
        choice: The model.
        project: Whose it is.
        datasets: The dataset of each of its artifacts and parameters.
        model_input: The value of the inference pipeline's input in training; None: there is none.
        sources: The URIs of artifacts that are from elsewhere.

    Raises:
        ConfigError: A path that mlflow.yml gives is missing.
        DatasetError: An artifact cannot be loaded, or cannot be kept in a model.
    """
    with tempfile.TemporaryDirectory() as scratch:
        material = Material.gather(Path(scratch), choice, project, datasets, sources)
        log_material(run, material, model_input)


def log_material(run: TrackedRun, material: Material, model_input: Any) -> None:
    """Make a model of what was gathered for it, and log it to a run under its name."""
    choice = material.choice
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / choice.name
        predicts = material.save(folder, model_input)
        tags = dict(choice.settings.tags)
        if choice.registration is not None and predicts:
            tags[logged_models.REGISTER_TAG] = choice.registration.to_text()
        run.log_entry(logged_models.entry_of(folder, choice.name, tags=tags))
        if not run.has_journal:  # nobody has taken a copy
            run.flush()


def input_of(choice: Choice, datasets: Datasets) -> Any:
    """Load the input as training has left it; None, and a warning, if there is none."""
    dataset = datasets.get(choice.settings.input)
    try:
        value = dataset.load() if dataset is not None else None
    except DatasetError as error:
        value, said = None, f" ({reason(error)})"
    else:
        said = ""
    if value is None:
        logger.warning(
            "%s: '%s' cannot be loaded, so the model does not tell what it takes. Keep it in a "
            "file, by an entry in catalog.yml, for a model with a signature.%s",
            choice.where,
            choice.settings.input,
            said,
        )
    return value

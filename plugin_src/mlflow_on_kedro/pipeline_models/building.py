"""Making a model of an inference pipeline: a folder in MLflow's own format."""

from __future__ import annotations

import logging
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from .. import environment
from ..models import logged_models
from ..tracking.failures import reason
from . import pipeline_model
from .choice import Choice, existing
from .code import needed_code
from .contents import Datasets, write_contents
from .requirements import requirements
from .sources import METADATA_KEY

if TYPE_CHECKING:
    from ..run import TrackedRun

logger = logging.getLogger(__name__)

LOADER = "kedro_pipeline_model"
"""The module that loads the model; it goes into the model's own code."""
SAMPLE_ROWS = 5


@dataclass(frozen=True)
class Project:
    """Whose pipelines they are: the project's root and its package."""

    root: Path
    package: str


def build_pipeline_model(
    folder: Path,
    choice: Choice,
    project: Project,
    datasets: Datasets,
    model_input: Any = None,
    sources: Mapping[str, str] | None = None,
) -> bool:
    """Make a model that MLflow loads and serves without the project.

    Its signature is inferred from ``model_input``, from what the pipeline makes of its first rows,
    and from the parameters, which ``predict`` takes other values for.

    Args:
        folder: Where to make it; it is missing or empty.
        choice: The model.
        project: Whose it is.
        datasets: The dataset of each of its artifacts and parameters.
        model_input: The value of the inference pipeline's input in training; None: there is none.
        sources: The URIs of artifacts that are from elsewhere, for the model's metadata.

    Returns:
        Whether the model predicts for the input, as far as that could be tried.

    Raises:
        ConfigError: A path that mlflow.yml gives is missing.
        DatasetError: An artifact cannot be loaded, or cannot be kept in a model.
    """
    environment.set_mlflow_defaults()
    import mlflow.pyfunc

    settings = choice.settings
    further = [existing(project.root, path, choice.where) for path in settings.code_paths]
    with tempfile.TemporaryDirectory() as scratch:
        contents = Path(scratch) / "pipeline"
        contents.mkdir()
        modules = write_contents(contents, choice, datasets)
        loader = Path(scratch) / f"{LOADER}.py"
        shutil.copyfile(pipeline_model.__file__, loader)
        code = needed_code(project.package, modules)
        sample = _first_rows(model_input)
        predicts, output = (True, None) if sample is None else _try(contents, choice, sample)
        parameters = {name: datasets[name].load() for name in choice.parameters}
        with warnings.catch_warnings():
            # That integer columns take no missing values, which holds for the pipeline as well, and
            # that there is no input example, which would put training data into the model.
            warnings.simplefilter("ignore", UserWarning)
            mlflow.pyfunc.save_model(
                str(folder),
                loader_module=LOADER,
                data_path=str(contents),
                code_paths=[str(path) for path in (loader, *code.carried, *further)],
                signature=_signature(model_input, output, choice, parameters),
                input_example=sample if settings.input_example else None,
                metadata=_metadata(settings.metadata, sources),
                **_environment(choice, project, code.imported, contents),
            )
    return predicts


def _metadata(given: Mapping[str, Any], sources: Mapping[str, str] | None) -> dict[str, Any] | None:
    own = {METADATA_KEY: dict(sources)} if sources else {}
    return {**own, **given} or None


def _signature(model_input: Any, output: Any, choice: Choice, parameters: dict[str, Any]) -> Any:
    from mlflow.models import infer_signature

    params = {
        **pipeline_model.single_parameters(parameters),
        pipeline_model.RUNNER: choice.settings.runner,
    }
    return infer_signature(model_input, output, params)


def _try(contents: Path, choice: Choice, sample: Any) -> tuple[bool, Any]:
    """Whether the model predicts for the first rows, and what; a warning when it fails."""
    try:
        return True, pipeline_model.PipelineModel(contents).predict(sample)
    except Exception as error:
        logger.warning(
            "%s: the pipeline '%s' fails on the first rows of '%s', so the model does not tell "
            "what it returns%s, and may not work. (%s)",
            choice.where,
            choice.settings.inference,
            choice.settings.input,
            ", is not registered" if choice.registration is not None else "",
            reason(error),
        )
        return False, None


def _first_rows(value: Any) -> Any:
    try:
        return value[:SAMPLE_ROWS]
    except Exception:  # it has no rows
        return None


def _environment(
    choice: Choice, project: Project, imported: frozenset[str], contents: Path
) -> dict[str, Any]:
    """What has to be installed for the model, as ``save_model`` takes it."""
    settings = choice.settings
    if isinstance(settings.conda_env, str):
        return {"conda_env": str(existing(project.root, settings.conda_env, choice.where))}
    if settings.conda_env is not None:
        return {"conda_env": dict(settings.conda_env)}
    asked = settings.pip_requirements
    if isinstance(asked, str):
        needed = [f"-r {existing(project.root, asked, choice.where)}"]
    elif asked is not None:
        needed = list(asked)
    else:
        own = sorted(contents.glob("datasets/*/model/requirements.txt"))
        needed = requirements(project.root, imported, own)
    return {"pip_requirements": [*needed, *settings.extra_pip_requirements]}


def log_pipeline_model(
    run: TrackedRun,
    choice: Choice,
    project: Project,
    datasets: Datasets,
    model_input: Any,
    sources: Mapping[str, str] | None = None,
) -> None:
    """Make a model, see :func:`build_pipeline_model`, and log it to a run under its name."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / choice.name
        predicts = build_pipeline_model(folder, choice, project, datasets, model_input, sources)
        tags = dict(choice.settings.tags)
        if choice.registration is not None and predicts:
            tags[logged_models.REGISTER_TAG] = choice.registration.to_text()
        run.log_model(logged_models.entry_of(folder, choice.name, tags=tags))
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

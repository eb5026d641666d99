"""``kedro mlflow modelify``: log a pipeline model to a finished run."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..config.checks import COPY_MODES
from ..errors import ConfigError, MLflowOnKedroError
from .options import env_option, uri_option

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

    from ..config.model_entries import PipelineModel
    from ..config.sections import Config
    from ..pipeline_models.builder import Project
    from ..pipeline_models.run_parameters import RunParameters
    from ..pipeline_models.spec import PipelineModelSpec
    from ..tracking.finding import Runs

_PIP_KEYS = frozenset({"pip_requirements", "extra_pip_requirements"})
_CONDA_KEYS = frozenset({"conda_env"})


@click.command(short_help="Make a model of a pipeline and a finished run.")
@click.argument("model", required=False)
@click.option(
    "--run-id", "-r", help="The run's id or name. Default: the project's newest that is FINISHED."
)
@click.option("--pipeline", "-p", "inference", help="The pipeline that predicts.")
@click.option("--input", "--input-name", "-i", "input", help="Its dataset that `predict` is given.")
@click.option("--runner", help="The runner that predicts. Default: SequentialRunner.")
@click.option(
    "--copy-mode",
    type=click.Choice(COPY_MODES),
    help="How nodes get the model's artifacts. Default: assign.",
)
@click.option("--input-example", is_flag=True, help="Keep the first rows of the input as example.")
@click.option(
    "--pip-requirement",
    "--pip-requirements",
    "pip_requirements",
    multiple=True,
    help="A requirement, or a file of them; may be repeated.",
)
@click.option(
    "--extra-pip-requirement",
    "--extra-pip-requirements",
    "extra_pip_requirements",
    multiple=True,
    help="Beside the usual ones: a requirement, or a file of them; may be repeated.",
)
@click.option("--conda-env", help="A file with a conda environment, instead of requirements.")
@click.option("--code-path", "code_paths", multiple=True, help="Further code; may be repeated.")
@click.option("--registered-model-name", help="Register it in the model registry.")
@click.option("--alias", help="An alias for the version in the registry.")
@env_option
@uri_option
@click.pass_obj
def modelify(
    metadata: Any,
    /,
    model: str | None,
    run_id: str | None,
    env: str | None,
    uri: str | None,
    **given: Any,
) -> None:
    """Log an inference pipeline as an MLflow model, to a run that is finished.

    MODEL is its name: that of an entry of `pipeline_models` in mlflow.yml, or a new one (default:
    the pipeline's name), for which --pipeline and --input are needed. Options override the
    entry's keys.

    \b
    Examples:
      kedro mlflow modelify wine
      kedro mlflow modelify --pipeline predict --input new_wines --run-id 1234abcd

    The model contains the run's parameters and what it has saved with MLflow datasets. Other
    datasets and the code are taken from the project as they are now.
    """  # noqa: D301 - Click reads the backspace: what follows keeps its lines
    from kedro.io import DatasetError

    from ..pipeline_models.builder import Project
    from ..tracking.experiments import from_environment
    from ..tracking.failure_messages import failure_message
    from ..tracking.failures import connection_error
    from ..tracking.finding import Runs
    from ..tracking.store import resolve_experiment
    from ..tracking.uris import resolve_uri
    from ..utils.secrets import mask_urls
    from .project import project_context

    root = Path(metadata.project_path)
    context, settings = project_context(root, env, uri)
    name = model or given["inference"]
    if not name:
        known = ", ".join(settings.pipeline_models) or "none"
        raise ConfigError(
            "Which model? Name an entry of `pipeline_models` in mlflow.yml, or give --pipeline "
            f"and --input. Entries: {known}."
        )
    uri = resolve_uri(settings.tracking.uri, root)
    spec = _spec(str(name), settings, given)
    spec.check_catalog(context.catalog)
    spec.check_files(root)
    experiment = resolve_experiment(settings.experiment.name, metadata.package_name)
    runs = Runs(uri, experiment, from_environment(settings, root))
    run = _run(runs, run_id)
    try:
        _require_new(runs.client, run, spec.name)
        _log_model(spec, runs, run, Project(root, metadata.package_name), settings, context)
    except Exception as error:
        if connection_error(error) is not None:
            message = failure_message(uri, error, "so no model is logged")
        elif isinstance(error, DatasetError):
            message = f"kedro mlflow modelify: {error}"
        else:
            raise
        raise MLflowOnKedroError(message) from None
    address = f"runs:/{run.info.run_id}/{spec.name}"
    click.echo(f"Model '{spec.name}' is logged to the run {run.info.run_name}: {address}")
    click.echo(
        f"Try it with: MLFLOW_TRACKING_URI={mask_urls(uri)} "
        f"mlflow models serve --model-uri {address} --env-manager local"
    )


def _spec(name: str, settings: Config, given: dict[str, Any]) -> PipelineModelSpec:
    from ..config.model_entries import pipeline_model
    from ..pipeline_models.spec import PipelineModelSpec
    from ..utils.suggestions import did_you_mean

    chosen = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in given.items()
        if value
    }
    entry = {**settings.pipeline_models.get(name, {}), **chosen}
    for one, other in (_PIP_KEYS, _CONDA_KEYS), (_CONDA_KEYS, _PIP_KEYS):
        if one & chosen.keys() and not other & chosen.keys():
            entry = {key: value for key, value in entry.items() if key not in other}
    if missing := [key for key in ("inference", "input") if not entry.get(key)]:
        option = {"inference": "--pipeline", "input": "--input"}[missing[0]]
        raise ConfigError(
            f"`pipeline_models` in mlflow.yml has no '{name}', so {option} has to be given. "
            f"It has: {', '.join(settings.pipeline_models) or 'none'}."
            f"{did_you_mean(name, settings.pipeline_models)}"
        )
    where = "kedro mlflow modelify"
    found: PipelineModel = pipeline_model(name, entry, where)
    # The run is finished, so the training pipeline does not matter.
    return PipelineModelSpec.from_registered(name, replace(found, training=found.inference), where)


def _run(runs: Runs, wanted: str | None) -> Run:
    from ..tracking.finding import FINISHED, name_and_id
    from ..tracking.run_names import find_run

    if wanted is None:
        found = next(runs.newest(FINISHED), None)
        if found is None:
            raise ConfigError(
                f"The experiment '{runs.experiment}' has no finished run. Run the training "
                "pipeline, or give the id or name of a run as --run-id."
            )
        return found
    found = find_run(runs, wanted)
    if found.info.status != "FINISHED":
        raise ConfigError(
            f"--run-id: the run {name_and_id(found)} is {found.info.status}, and a model needs "
            "one that is FINISHED."
        )
    return found


def _require_new(client: MlflowClient, run: Run, name: str) -> None:
    from ..models.lookup import run_has_model

    if run_has_model(client, run.info.run_id, name):
        raise MLflowOnKedroError(
            f"The run {run.info.run_name} ({run.info.run_id}) has a model '{name}' already, which "
            "is not replaced: give the new one another name."
        )


def _log_model(
    spec: PipelineModelSpec, runs: Runs, run: Run, project: Project, settings: Config, context: Any
) -> None:
    from ..models.registry import register_models
    from ..pipeline_models import external_artifacts, run_values
    from ..pipeline_models.log_to_run import log_pipeline_model
    from ..pipeline_models.run_parameters import with_run_params
    from ..runs.joined_run import JoinedRun

    catalog, run_id, uri = context.catalog, run.info.run_id, runs.uri
    names = [*spec.artifacts, spec.settings.input]
    there = external_artifacts.pin_versions(
        {name: catalog.get(name) for name in names if name in catalog}
    )
    taken = external_artifacts.source_uris(spec, there)
    for name, source in taken.items():
        click.echo(f"Taken from elsewhere, as the catalog says: {name} ({source})")
    own = {name: item for name, item in there.items() if name not in taken}
    if others := [
        name
        for name in spec.artifacts
        if name in own and not run_values.is_stored_in_run(own[name])
    ]:
        click.echo(f"Taken from the project as they are now: {', '.join(others)}")
    parameters = {name: catalog[name].load() for name in spec.parameters}
    datasets = {
        **there,
        **run_values.load_from_run(run_id, uri, own),
        **with_run_params(_run_parameters(runs, run, settings), parameters),
    }
    tracking = replace(settings.tracking, on_failure="raise")
    joined = JoinedRun.from_id(uri, run_id, replace(settings, tracking=tracking))
    log_pipeline_model(joined, spec, project, datasets, None, taken)
    joined.flush()
    if spec.registration is not None:
        register_models(joined.client, joined.run_id, uri, only=spec.name, raising=True)


def _run_parameters(runs: Runs, run: Run, settings: Config) -> RunParameters:
    from ..comparing.reading import artifact_text, facts_of
    from ..pipeline_models.run_parameters import RunParameters

    recorded = facts_of(runs, run).parameters_whole
    read = partial(artifact_text, runs, run.info.run_id)
    return RunParameters.from_run(run, settings, recorded, read)

"""``kedro mlflow modelify``: a pipeline as a model, from a run that is finished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import ConfigError, MLflowOnKedroError

if TYPE_CHECKING:
    from kedro.io import AbstractDataset
    from mlflow import MlflowClient
    from mlflow.entities import Run

    from ..config.sections import Config, PipelineModel
    from ..pipeline_models.choice import Choice


@click.command(short_help="Make a model of a pipeline and a finished run.")
@click.argument("model", required=False)
@click.option("--run-id", "-r", help="The run. Default: the project's newest that is FINISHED.")
@click.option("--pipeline", "-p", "inference", help="The pipeline that predicts.")
@click.option("--input", "--input-name", "-i", "input", help="Its dataset that `predict` is given.")
@click.option("--runner", help="The runner that predicts. Default: SequentialRunner.")
@click.option(
    "--copy-mode",
    type=click.Choice(["assign", "copy", "deepcopy"]),
    help="How nodes get the model's artifacts. Default: assign.",
)
@click.option("--input-example", is_flag=True, help="Keep the first rows of the input as example.")
@click.option("--pip-requirement", "pip_requirements", multiple=True, help="May be repeated.")
@click.option(
    "--extra-pip-requirement",
    "extra_pip_requirements",
    multiple=True,
    help="Beside the usual ones; may be repeated.",
)
@click.option("--code-path", "code_paths", multiple=True, help="Further code; may be repeated.")
@click.option("--registered-model-name", help="Register it in the model registry.")
@click.option("--alias", help="An alias for the version in the registry.")
@click.option("--env", "-e", default=None, help="The Kedro environment.")
@click.pass_obj
def modelify(
    metadata: Any, /, model: str | None, run_id: str | None, env: str | None, **given: Any
) -> None:
    """Log an inference pipeline as an MLflow model, to a run that is finished.

    MODEL is its name: that of an entry of `pipeline_models` in mlflow.yml, or a new one (default:
    the pipeline's name), for which --pipeline and --input are needed. What is given here wins
    over the entry.

    \b
    Examples:
      kedro mlflow modelify wine
      kedro mlflow modelify --pipeline predict --input new_wines --run-id 1234abcd

    The model holds what the run has saved with MLflow datasets, and its parameters. Other datasets
    are taken from the project as they are now, and so is its code.
    """  # noqa: D301 - Click reads the backspace: what follows keeps its lines
    from ..tracking.store import connect, resolve_uri
    from .project import project_context

    root = Path(metadata.project_path)
    context, settings = project_context(root, env)
    name = model or given["inference"]
    if not name:
        known = ", ".join(settings.pipeline_models) or "none"
        raise ConfigError(
            "Which model? Name an entry of `pipeline_models` in mlflow.yml, or give --pipeline "
            f"and --input. There: {known}."
        )
    uri = resolve_uri(settings.tracking.uri, root)
    choice = _choice(str(name), settings, given)
    choice.check_catalog(context.catalog)
    client = connect(uri)
    run = _run(client, run_id, settings, metadata.package_name)
    _require_new(client, run, choice.name)
    _log(choice, run, uri, root, metadata.package_name, settings, context)
    address = f"runs:/{run.info.run_id}/{choice.name}"
    click.echo(f"Model '{choice.name}' is logged to the run {run.info.run_name}: {address}")
    click.echo(f"Try it with: mlflow models serve --model-uri {address} --env-manager local")


def _choice(name: str, settings: Config, given: dict[str, Any]) -> Choice:
    from ..config.model_entries import pipeline_model
    from ..pipeline_models.choice import choose
    from ..suggestions import did_you_mean

    chosen = {key: _listed(value) for key, value in given.items() if value}
    entry = {**settings.pipeline_models.get(name, {}), **chosen}
    if missing := [key for key in ("inference", "input") if not entry.get(key)]:
        option = {"inference": "--pipeline", "input": "--input"}[missing[0]]
        raise ConfigError(
            f"`pipeline_models` in mlflow.yml has no '{name}', so {option} has to be given. "
            f"It has: {', '.join(settings.pipeline_models) or 'none'}."
            f"{did_you_mean(name, settings.pipeline_models)}"
        )
    where = "kedro mlflow modelify"
    found: PipelineModel = pipeline_model(name, entry, where)
    # What the training pipeline was does not matter any more.
    return choose(name, replace(found, training=found.inference), where)


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _run(client: MlflowClient, run_id: str | None, settings: Config, package: str) -> Run:
    from mlflow.exceptions import MlflowException

    from ..tracking.store import resolve_experiment

    if run_id is not None:
        try:
            return client.get_run(run_id)
        except MlflowException as error:
            if error.error_code not in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                raise
            raise ConfigError(f"--run-id: MLflow has no run {run_id!r}.") from None
    name = resolve_experiment(settings.experiment.name, package)
    experiment = client.get_experiment_by_name(name)
    found: Sequence[Run] = ()
    if experiment is not None:
        found = client.search_runs(
            [experiment.experiment_id],
            filter_string="attributes.status = 'FINISHED'",
            max_results=1,
        )
    if not found:
        raise ConfigError(
            f"The experiment '{name}' has no finished run. Run the training pipeline, or give the "
            "id of a run as --run-id."
        )
    return found[0]


def _require_new(client: MlflowClient, run: Run, name: str) -> None:
    from ..models.source import in_run

    if in_run(client, run.info.run_id, name):
        raise MLflowOnKedroError(
            f"The run {run.info.run_name} ({run.info.run_id}) has a model '{name}' already, which "
            "is not replaced: give the new one another name."
        )


def _log(
    choice: Choice, run: Run, uri: str, root: Path, package: str, settings: Config, context: Any
) -> None:
    from kedro.io import DatasetError

    from ..models.registry import register_models
    from ..pipeline_models.building import Project, input_of, log_pipeline_model
    from ..pipeline_models.from_run import as_saved_by, is_of_run, with_params_of
    from ..run import TrackedRun

    catalog = context.catalog
    names = [*choice.artifacts, choice.settings.input]
    there: dict[str, AbstractDataset[Any, Any]] = {
        name: catalog.get(name) for name in names if name in catalog
    }
    if others := [name for name in choice.artifacts if not is_of_run(there[name])]:
        click.echo(f"Taken from the project as they are now: {', '.join(others)}")
    parameters = {name: catalog[name].load() for name in choice.parameters}
    datasets = {
        **as_saved_by(run.info.run_id, uri, there),
        **with_params_of(run.data.params, parameters),
    }
    tracking = replace(settings.tracking, on_failure="raise")
    joined = TrackedRun.join(uri, run.info.run_id, replace(settings, tracking=tracking))
    try:
        log_pipeline_model(
            joined, choice, Project(root, package), datasets, input_of(choice, datasets)
        )
    except DatasetError as error:
        raise MLflowOnKedroError(f"kedro mlflow modelify: {error}") from None
    if choice.registration is not None:
        register_models(joined.client, joined.run_id, uri, raising=True)

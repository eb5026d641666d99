"""``kedro mlflow sweep``: run a pipeline for each combination of some parameters' values."""

from __future__ import annotations

import functools
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import MLflowOnKedroError
from .options import env_option
from .output import write_json

if TYPE_CHECKING:
    from ..config.sections import Config
    from ..sweeps.plan import Plan


@click.command(short_help="Run a pipeline for each combination of parameters.")
@click.argument("name", required=False)
@click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUES",
    help="A parameter and its values; once for each parameter.",
)
@click.option("--trials", type=click.IntRange(min=1), help="How many Optuna chooses.")
@click.option(
    "--sampler",
    type=click.Choice(["tpe", "random", "gp", "cmaes"]),
    help="How Optuna chooses.  [default: tpe]",
)
@click.option("--seed", type=click.IntRange(min=0), help="The seed of Optuna's sampler.")
@click.option(
    "--optimize",
    metavar="METRIC",
    help="The metric by which combinations are compared, such as metrics.accuracy.",
)
@click.option(
    "--minimize/--maximize",
    default=None,
    help="Whether smaller or greater values are better.  [default: --maximize]",
)
@click.option(
    "--over",
    multiple=True,
    metavar="NAME",
    help="Compare means over this parameter, such as a seed; once for each.",
)
@click.option(
    "--jobs", "-j", type=click.IntRange(min=1), help="How many run at once.  [default: 1]"
)
@click.option("--pipeline", "-p", help="The pipeline.  [default: __default__]")
@click.option("--tags", "-t", help="Only nodes with one of these tags, as for `kedro run`.")
@click.option("--runner", "-r", help="The runner of each combination, as for `kedro run`.")
@click.option(
    "--params",
    "fixed",
    default="",
    help="Parameters of all combinations, as for `kedro run`.",
)
@env_option
@click.option("--conf-source", help="The folder or archive with the configuration.")
@click.option("--no-reuse", is_flag=True, default=None, help="Run all nodes for each combination.")
@click.option("--resume", is_flag=True, help="Go on with the last sweep (of this name).")
@click.option("--dry-run", is_flag=True, help="Show what would run; run nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
@click.pass_obj
def sweep(
    metadata: Any,
    /,
    name: str | None,
    *,
    params: tuple[str, ...],
    fixed: str,
    env: str | None,
    conf_source: str | None,
    no_reuse: bool | None,
    tags: str | None,
    over: tuple[str, ...],
    resume: bool,
    dry_run: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Run a pipeline once for each combination of some parameters' values.

    \b
    kedro mlflow sweep --param "model.C=0.01,0.1,1" --param "split.random_seed=1..5"
    kedro mlflow sweep --param "model.C=log(0.001,10)" --trials 50 --optimize metrics.f1
    kedro mlflow sweep --param "C=0.1,1" --param "seed=1..5" --optimize metrics.f1 --over seed
    kedro mlflow sweep NAME           # the sweep of that name in mlflow.yml

    Values are written as in YAML, with commas between them; 1..5 and 0..1..0.25 are ranges. With
    --trials, Optuna (`pip install optuna`) chooses combinations, also of log(0.001,10),
    uniform(0,1) and int(1,9). With --over, combinations that differ only in that parameter are
    compared by the mean of the metric.

    The sweep is one run in MLflow, and each combination a child run of it. Nodes that do not depend
    on the parameters run once, before all combinations, in a child run `shared`. The sweep's run
    has a table of all combinations and a chart; with --optimize also the best one's parameters and
    metrics, as best.<name>. Combinations do not overwrite the project's files: each saves its
    outputs in a folder of its own, in .mlflow_on_kedro/sweeps.

    A combination that fails is a FAILED run, the others go on, and the exit status is 1. --resume
    goes on with a sweep that was killed or had failures: what has FINISHED does not run again.
    """  # noqa: D301 - Click reads the backspace: what follows keeps its lines
    from ..sweeps import lines, report
    from ..sweeps.launch import run_sweep
    from ..sweeps.request import Request, runtime_params
    from .project import project_context

    logging.getLogger("mlflow_on_kedro").setLevel(logging.WARNING)  # the command prints the rest
    options = {key: value for key, value in given.items() if value is not None}
    if no_reuse:
        options["reuse"] = False
    if over:
        options["over"] = list(dict.fromkeys(over))
    if tags:
        options["tags"] = [tag.strip() for tag in tags.split(",")]
    root = Path(metadata.project_path)
    request = Request(root, name, params, options, runtime_params(fixed), env, conf_source)
    if resume:
        request = request.resumed()
    context, config = project_context(root, request.env, conf_source=request.conf_source)
    plan = request.plan(config)
    _check_tracked(context, config, plan)
    if dry_run:
        content = lines.plan_as_json(plan)
        if as_json:
            write_json(content)
        else:
            click.echo(lines.of_plan(plan))
        return
    show = functools.partial(click.echo, err=as_json)
    done = run_sweep(request, plan, config, metadata.package_name, sys.argv[1:], show)
    if as_json:
        write_json(report.as_json(done.sweep, done.run_id, done.outcome))
    if done.was_interrupted:
        sys.exit(130)
    if done.outcome.failed:
        raise click.exceptions.Exit(1)


def _check_tracked(context: Any, config: Config, plan: Plan) -> None:
    from ..config.switched_off import is_switched_off
    from ..runs.run_dataset import RESERVED_NAME

    if RESERVED_NAME not in context.config_loader["catalog"]:
        raise MLflowOnKedroError(
            "Runs of this project are not tracked, because its settings.py has no hooks of this "
            "plugin: `kedro mlflow init` adds them."
        )
    if is_switched_off(config, {"pipeline_names": [plan.setup.pipeline]}):
        raise MLflowOnKedroError(
            f"Runs of the pipeline '{plan.setup.pipeline}' are not tracked: mlflow.yml has "
            "`enabled: false`, or names it in `disabled_pipelines`."
        )

"""``kedro mlflow rerun``: repeat a run, and compare the results."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import uri_option

if TYPE_CHECKING:
    from ..rerunning.rerun import Rerun


@click.command(short_help="Repeat a run, and compare the results.")
@click.argument("run", metavar="RUN")
@click.option(
    "--worktree",
    is_flag=True,
    help="Run the code of that run: its git commit with its recorded changes.",
)
@click.option(
    "--env",
    "--venv",
    "new_env",
    is_flag=True,
    help="Run in a virtual environment with the packages of that run; they are installed.",
)
@click.option(
    "--check",
    "checks",
    multiple=True,
    metavar="METRIC=NUMBER",
    help="End with exit status 1 if the metric differs by more. Can be given several times.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be run; run nothing.")
@click.option("--keep", is_flag=True, help="With --worktree: keep the worktree at the end.")
@click.option(
    "--kedro-env",
    "env",
    default=None,
    help="The Kedro environment whose mlflow.yml says where RUN is (-e of the other commands).",
)
@uri_option
@click.argument("rest", nargs=-1, required=False, metavar="")
@click.pass_obj
def rerun(
    metadata: Any,
    run: str,
    *,
    worktree: bool,
    new_env: bool,
    checks: tuple[str, ...],
    dry_run: bool,
    keep: bool,
    env: str | None,
    uri: str | None,
    rest: tuple[str, ...],
) -> None:
    """Repeat a run with its command and its parameters, and compare the metrics.

    RUN is a run's id or the first characters of it, its name, `latest`, `latest~2` (the second
    before that), or `@alias` of a registered model. It runs in the Kedro environment that it had;
    here, --env is a virtual environment, with the run's packages.

    First, all differences between that run and now are listed: data, code, packages, and so
    on. Then `kedro run` starts with the options of the recorded command, and with each parameter
    that has another value now. Secrets are masked in MLflow, so their present values are used. The
    new run has the tag `kedro.rerun_of`. Keys of mlflow.yml that the command set are not repeated.

    A combination of a sweep is repeated with the whole pipeline, also the nodes that ran once.

    With --worktree the run's code is checked out into a git worktree below .mlflow_on_kedro, which
    is removed at the end. The data that the run has read, and configuration that git ignores, are
    linked into it, or copied if the pipeline saves them, too. What the pipeline saves stays in the
    worktree; MLflow is the project's. With --env the environment stays in .mlflow_on_kedro, for the
    next time. Recorded changes and packages come from MLflow, and are executed: look at them with
    --dry-run first if others can write there.

    \b
    kedro mlflow rerun latest~1
    kedro mlflow rerun @champion --dry-run
    kedro mlflow rerun 8d1f0a --worktree --check metrics.accuracy=0.01
    kedro mlflow rerun 8d1f0a --worktree --env
    """  # noqa: D301 - Click reads the backspace: what follows keeps its lines
    from ..comparing.reading import facts_of
    from ..comparing.run_diff import with_shared_nodes
    from ..rerunning.rerun import Rerun
    from ..tracking.run_names import find_run
    from .project import project_runs

    if rest:
        hint = ""
        if new_env:
            hint = " `--env` makes a virtual environment; --kedro-env is Kedro's environment."
        raise click.UsageError(f"Got unexpected extra argument ({rest[0]}).{hint}")
    runs, settings = project_runs(metadata, env, uri)
    found, prefix = find_run(runs, run), settings.env_vars.prefix
    facts = with_shared_nodes(runs, found, facts_of(runs, found, prefix), prefix)
    started = Rerun(
        runs,
        facts,
        Path(metadata.project_path),
        checks,
        use_worktree=worktree,
        use_environment=new_env,
        keep=keep,
        has_uri=uri is not None,
        env_prefix=prefix,
        say=_say,
    )
    _finish(started, dry_run=dry_run)


def _finish(started: Rerun, *, dry_run: bool) -> None:
    try:
        status = started.run(dry_run=dry_run)
    except KeyboardInterrupt:
        raise click.Abort from None
    if status:
        raise click.exceptions.Exit(status)


def _say(text: str) -> None:
    click.echo(text)
    sys.stdout.flush()  # before what the new process prints

"""``kedro mlflow diff``: what differs between two runs, and what probably has caused it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import env_option, json_option, output_option, uri_option
from .output import write_json, write_text


@click.command(short_help="Show what differs between two runs, likely causes first.")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B", default="latest")
@click.option(
    "--exit-code", is_flag=True, help="End with exit status 1 if the runs' metrics differ."
)
@json_option
@output_option
@env_option
@uri_option
@click.pass_obj
def diff(
    metadata: Any,
    a: str,
    b: str,
    *,
    exit_code: bool,
    as_json: bool,
    output: Path | None,
    env: str | None,
    uri: str | None,
) -> None:
    """Show what differs between two runs; the first line names the likely cause.

    A and B are runs: an id or the first characters of one, a name, `latest`, `latest~2` (the second
    before that), or `@alias` of a registered model. Without B it is `latest`.

    Likely causes come first: data, loaded versions, code, parameters, catalog, pipeline, packages
    and environment; then metrics and the durations of nodes. One line names what is equal, and
    another what a run has not recorded (see `provenance` in mlflow.yml). The code is compared in
    this git repository, which needs the commits of both runs.

    \b
    kedro mlflow diff latest~1
    kedro mlflow diff @champion latest --exit-code
    kedro mlflow diff 8d1f0a warm-fox-12 --json
    """  # noqa: D301 - Click reads the backspace: what follows keeps its lines
    from ..comparing.headline import json_of
    from ..comparing.run_diff import compare_runs
    from ..tracking.run_names import find_run
    from .project import project_runs

    runs, settings = project_runs(metadata, env, uri)
    first, second = find_run(runs, a), find_run(runs, b)
    root = Path(metadata.project_path)
    comparison = compare_runs(runs, first, second, root, settings.env_vars.prefix)
    if as_json:
        write_json(json_of(comparison), output)
    else:
        write_text(repr(comparison), output)
    if exit_code and comparison.metrics.differs:
        raise click.exceptions.Exit(1)

"""``kedro mlflow show``: one run on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .options import env_option, json_option, output_option, uri_option
from .output import is_terminal, width, write_json, write_text


@click.command(short_help="Show one run on one page.")
@click.argument("run", default="latest")
@json_option
@output_option
@env_option
@uri_option
@click.pass_obj
def show(
    metadata: Any, run: str, *, as_json: bool, output: Path | None, env: str | None, uri: str | None
) -> None:
    """Show one run: how it ended, its metrics, parameters, datasets, files and timings.

    RUN is a run's id or the first characters of it, its name, `latest` (the default), `latest~2`
    (the second before that), or `@alias` of a registered model.

    \b
        kedro mlflow show
        kedro mlflow show latest~1
        kedro mlflow show 3f2a9c
        kedro mlflow show @champion --json

    Values whose names look like those of secrets are masked. `kedro mlflow gantt RUN` draws the
    timings as a page of its own.
    """  # noqa: D301 - Click reads the backspace: what follows keeps its lines
    from ..history.run_page import RunPage
    from ..tracking.run_names import find_run
    from .project import project_runs

    runs, settings = project_runs(metadata, env, uri)
    page = RunPage.from_run(runs, find_run(runs, run), settings.time.prefix)
    if as_json:
        write_json(page.to_json(), output)
    else:
        write_text(page.to_text(width() if output is None and is_terminal() else 0), output)

"""``kedro mlflow runs``: list runs, find the best, print how to load from one."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import MLflowOnKedroError
from .options import env_option, json_option, output_option, uri_option
from .output import is_terminal, styled, width, write_json, write_text

if TYPE_CHECKING:
    from ..history.run_table import Column


@click.command(short_help="List the runs, or find the best.")
@click.option("--where", default="", metavar="CONDITIONS", help="Only runs for which this holds.")
@click.option("--sort", default="", metavar="KEY", help="Sort by this, the highest first.")
@click.option("--ascending", is_flag=True, help="With --sort, the lowest first.")
@click.option("--best", default="", metavar="METRIC", help="Only the run with the highest value.")
@click.option("--min", "lowest", is_flag=True, help="With --best, the lowest value is the best.")
@click.option(
    "--limit", "-n", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many."
)
@click.option(
    "--children",
    is_flag=True,
    help="Child runs of a pipeline's run, and combinations of sweeps, too.",
)
@click.option("--load", is_flag=True, help="Print catalog entries that load from the first run.")
@json_option
@output_option
@env_option
@uri_option
@click.pass_obj
def runs(
    metadata: Any,
    *,
    where: str,
    sort: str,
    ascending: bool,
    best: str,
    lowest: bool,
    limit: int,
    children: bool,
    load: bool,
    as_json: bool,
    output: Path | None,
    env: str | None,
    uri: str | None,
) -> None:
    """List the runs of this project's experiment, the newest first.

    Each run is shown with its metrics, without timings, and the parameters in which the listed runs
    differ; a single run with those in which it differs from the last runs. A file or a pipe gets
    all columns, with whole ids; a terminal those that fit.

    \b
        kedro mlflow runs -n 20
        kedro mlflow runs --where "params.model.C > 0.1 AND status = FINISHED"
        kedro mlflow runs --where "params.kind = 'linear'" --sort metrics.accuracy
        kedro mlflow runs --best metrics.rmse --min
        kedro mlflow runs --best metrics.accuracy --load

    CONDITIONS are joined by AND. They compare params.NAME, metrics.NAME, tags.NAME, or status,
    start_time, end_time, run_name, user_id by = != > >= < <=, LIKE, IN or IS NULL, as MLflow's
    search does. A number without quotes is compared as a number, also with parameters. KEY
    is such a name, or duration. --best takes FINISHED runs, unless CONDITIONS name another status.

    A sweep is one run in the list. --best, --sort and --children look at its combinations, too.

    With --load, the entries for catalog.yml load the models and files of the first run that would
    be listed.
    """  # noqa: D301 - Click reads the backspace: what follows keeps its lines
    from ..history import run_table
    from ..history.run_record import RunRecord
    from ..history.run_search import RunSearch
    from ..tracking.finding import RECENT
    from .project import project_context, runs_of

    if best and (sort or ascending):
        raise click.UsageError("--best sorts already: leave out --sort and --ascending.")
    if lowest and not best:
        raise click.UsageError("--min is for --best; with --sort it is --ascending.")
    search = (
        RunSearch.for_best(best, where, lowest=lowest, children=children)
        if best
        else RunSearch(where, sort, ascending, 1 if load else limit, children)
    )
    context, settings = project_context(Path(metadata.project_path), env, uri)
    all_runs = runs_of(metadata, settings, uri)
    found = search.find(all_runs)
    if found.note:
        click.echo(found.note, err=True)
    if not found.runs and (load or not as_json):
        raise MLflowOnKedroError(search.nothing_found(all_runs))
    if load:
        from ..history.load_entries import load_entries

        entries = load_entries(all_runs, found.runs[0], context.config_loader["catalog"])
        write_text(entries, output)
        return
    first = found.key if found.kind in {"metrics", "params"} else ""
    records = [RunRecord.from_run(run) for run in found.runs]
    if as_json:
        write_json([record.to_json() for record in records], output)
    else:
        others = islice(all_runs.newest(), RECENT) if len(records) == 1 else ()
        beside = [RunRecord.from_run(run) for run in others]
        if output is not None or not is_terminal():
            made = run_table.columns(records, first, beside=beside)
            write_text("\n".join(run_table.lines(made)), output)
        else:
            _print(run_table.columns(records, first, short=True, beside=beside))


def _print(every: list[Column]) -> None:
    from ..history import run_table

    kept = run_table.fitting(every, width())
    write_text("\n".join(run_table.lines(kept, styled)))
    if missing := run_table.left_out(every, kept):
        click.echo(missing)

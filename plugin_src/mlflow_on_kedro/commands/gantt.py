"""``kedro mlflow gantt``: draw the Gantt chart of any run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import MLflowOnKedroError
from .options import env_option, uri_option
from .output import write_text

if TYPE_CHECKING:
    from ..config.sections import Time
    from ..tracking.finding import Runs

_UNSAFE = re.compile(r"[^\w.\-]+")
_NAME_LENGTH = 100


@click.command(short_help="Draw the Gantt chart of any run.")
@click.argument("run", default="latest")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="The file to write. Default: gantt-<name of the run>.html in the current folder.",
)
@click.option("--log", is_flag=True, help="Attach the chart to the run in MLflow, as gantt.html.")
@env_option
@uri_option
@click.pass_obj
def gantt(
    metadata: Any, run: str, output: Path | None, *, log: bool, env: str | None, uri: str | None
) -> None:
    """Draw the Gantt chart of a run from its timeline in MLflow, or from its metrics.

    RUN is a run's id or the first characters of it, its name, `latest` (the default), `latest~2`
    (the second before that), or `@alias` of a registered model. The chart has all nodes of a run of
    many processes or machines; the run's own gantt.html is drawn once all nodes have run or one has
    failed.
    """
    from ..tracking.finding import name_and_id
    from ..tracking.run_names import find_run
    from ..tracking.store import run_url
    from ..utils.secrets import mask_urls
    from .project import project_runs

    runs, settings = project_runs(metadata, env, uri)
    found = find_run(runs, run)
    summary, page = _draw(runs, found, settings.time)
    path = output or Path(f"gantt-{file_name(str(found.info.run_name))}.html")
    write_text(page, path)
    click.echo(f"{name_and_id(found)}: {summary}. The chart is in {path}.")
    if log:
        _log(runs, found.info.run_id, page)
        url = run_url(runs.uri, found.info.experiment_id, found.info.run_id)
        place = url or f"MLflow at {mask_urls(runs.uri)}"
        click.echo(f"It is also the run's gantt.html: {place}")


def file_name(name: str) -> str:
    """Make a part of a file's name from a run's name, which may contain any characters.

    Example:
        >>> file_name("../my run: 7")
        'my_run_7'
    """
    return _UNSAFE.sub("_", name).strip("._")[:_NAME_LENGTH] or "run"


def _draw(runs: Runs, found: Any, settings: Time) -> tuple[str, str]:
    from ..timeline import chart
    from ..timeline.finished_run_spans import spans_of_finished_run
    from ..timeline.rows import Timeline
    from ..tracking.failure_messages import failure_message
    from ..tracking.finding import COMBINATION_TAG, SWEEP_TAG, name_and_id

    try:
        spans = spans_of_finished_run(runs.client, found, settings.prefix)
    except MLflowOnKedroError:
        raise
    except Exception as error:
        effect = "so the timings of the run cannot be read"
        raise MLflowOnKedroError(failure_message(runs.uri, error, effect)) from None
    if not spans and SWEEP_TAG in found.data.tags and COMBINATION_TAG not in found.data.tags:
        raise MLflowOnKedroError(
            f"The run {name_and_id(found)} is a sweep, and its combinations have the timings, each "
            "in a run of its own: `kedro mlflow runs --children` lists them."
        )
    if not spans:
        raise MLflowOnKedroError(
            f"The run {name_and_id(found)} has no timings: its pipeline ran no node, or ran "
            "without this plugin or its time hook, or with another `time.prefix` than mlflow.yml "
            "has now."
        )
    page = chart.html(spans, title=found.info.run_name or None, params=settings.gantt_params)
    return Timeline.from_spans(spans).summary, page


def _log(runs: Runs, run_id: str, page: str) -> None:
    from ..timeline.shared_chart import GANTT_ARTIFACT
    from ..tracking import store
    from ..tracking.failure_messages import failure_message

    try:
        with store.artifacts_at(runs.uri):
            runs.client.log_text(run_id, page, GANTT_ARTIFACT)
    except Exception as error:
        effect = "so the chart is not attached to the run"
        raise MLflowOnKedroError(failure_message(runs.uri, error, effect)) from None

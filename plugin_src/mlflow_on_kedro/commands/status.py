"""``kedro mlflow status``: what MLflow has not got."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..journal.records import Header


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.pass_obj
def status(metadata: Any, path: Path | None) -> None:
    """Say what waits to be delivered to MLflow.

    One run a line: its name and experiment, when it began, how much of it MLflow has not got, and
    where it is kept. A run waits when MLflow could not be reached, when its process was killed, or
    offline by choice; `kedro mlflow sync` delivers it. No server is asked.

    PATH is another project's root, its .mlflow_on_kedro, or a copy of that from another machine.
    """
    from ..delivery.leftovers import find, look
    from ..recording import in_words

    journals = find(path if path is not None else Path(metadata.project_path))
    if not journals:
        click.echo("Nothing waits to be delivered.")
        return
    over = 0
    for journal in journals:
        try:
            waiting = look(journal)
        except (OSError, ValueError) as error:
            if journal.is_here():
                click.echo(f"{journal.folder}: {error}")
            continue
        over += not waiting.running
        state = "in progress" if waiting.running else "waits"
        place = waiting.header.uri or "wherever it is delivered (offline)"
        click.echo(f"{heading(waiting.header)}: {state}, {in_words(waiting.left)} for {place}")
        click.echo(f"  {journal.folder}")
    if over:
        place = f" {path}" if path is not None else ""
        click.echo(f"Deliver what waits with: kedro mlflow sync{place}")


def heading(header: Header) -> str:
    """Name a run for which MLflow may have no name yet.

    Example:
        >>> from mlflow_on_kedro.journal.records import Header
        >>> heading(Header("ab", "wine", start_ms=0, root="/", run_name="try 7"))[:16]
        'Run try 7 (wine)'
    """
    began = datetime.fromtimestamp(header.start_ms / 1000).astimezone()
    name = f" {header.run_name}" if header.run_name else ""
    name += f" with the key {header.key}" if header.key else ""
    return f"Run{name} ({header.experiment}) of {began:%Y-%m-%d %H:%M:%S}"

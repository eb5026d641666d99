"""``kedro mlflow status``: show what is pending."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..utils.clock import local_time
from ..utils.secrets import mask_urls
from .options import env_option, uri_option

if TYPE_CHECKING:
    from ..delivery.backlog import PendingJournal
    from ..journal.folder import Journal
    from ..journal.records import Header, SetAside

SHORTEST_GROUP = 6
"""The least number of entries, refused for the same reason, that are shown in one line."""


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), required=False)
@click.option("--all", "list_all", is_flag=True, help="List each refused entry, even if very many.")
@env_option
@uri_option
@click.pass_obj
def status(
    metadata: Any, path: Path | None, *, list_all: bool, env: str | None, uri: str | None
) -> None:
    """Show what waits to be delivered to MLflow, and why.

    Each run has a paragraph: its name and experiment, when it started, how much of it is not in
    MLflow yet, its folder, and what has gone wrong. A run waits if MLflow could not be reached, if
    its process was killed, or if it was offline by choice; `kedro mlflow sync` delivers it. Entries
    that MLflow or the artifact store has refused are listed with a number and the reason: `sync`
    sends them again, `kedro mlflow discard RUN ENTRY` deletes one. Without --all, many in a row
    with the same reason are shown in one line. No request is sent to a server.

    A run is in progress while its pipeline runs, and being delivered now while a process sends what
    is left of it.

    PATH is another project's root, its .mlflow_on_kedro, or a copy of that from another machine.
    With the --uri and --env that you would give `sync`, it shows where each run would go.
    """
    from ..delivery.backlog import PendingJournal, find

    root = Path(metadata.project_path)
    journals = find(path if path is not None else root)
    if not journals:
        click.echo("Nothing waits to be delivered.")
        return
    configured = _configured(root, env, uri)
    over = 0
    for journal in journals:
        try:
            pending = PendingJournal.from_journal(journal)
        except (OSError, ValueError) as error:
            if journal.exists():
                click.echo(f"{journal.folder}: {error}")
            continue
        over += not pending.running
        place = (uri and configured) or pending.header.uri or configured
        _show(pending, place, shortest_group=None if list_all else SHORTEST_GROUP)
    if over:
        words = {"": path, "--env": env, "--uri": uri and mask_urls(uri)}
        given = [f"{name} {word}".strip() for name, word in words.items() if word is not None]
        click.echo(f"Deliver what waits with: {' '.join(['kedro mlflow sync', *given])}")


def _configured(root: Path, env: str | None, uri: str | None) -> str | None:
    """Return the tracking URI that the options name, without credentials; None: no option does."""
    from ..tracking.uris import resolve_uri
    from .project import project_settings

    if uri is not None:
        return mask_urls(resolve_uri(uri, root, "--uri"))
    if env is not None:
        return mask_urls(resolve_uri(project_settings(root, env).tracking.uri, root))
    return None


def _show(pending: PendingJournal, place: str | None, shortest_group: int | None) -> None:
    journal, header, size = pending.journal, pending.header, pending.size
    if pending.delivering:
        where = f" to {place}" if place else ""
        click.echo(f"{heading(header)}: {pending.state}{where}, {size.in_words()} to go")
    else:
        where = f" for {place}" if place else "; it ran offline"
        click.echo(f"{heading(header)}: {pending.state} with {size.in_words()}{where}")
    if journal.ended is not None:
        click.echo(f"  The run has ended in MLflow: {journal.ended}.")
    click.echo(f"  {journal.folder}")
    for lane, trouble in journal.trouble.items():
        click.echo(
            f"  {lane.capitalize()}, last try at {local_time(trouble.time)}: {trouble.reason}"
        )
    number = 1
    found = itertools.groupby(refused(journal), lambda pair: (pair[0], pair[1].reason))
    for (owner, refusal), group in found:
        items = [item for _, item in group]
        whose = f"child run {owner.header.run_name}, " if owner is not journal else ""
        following = number + len(items)
        if shortest_group is not None and len(items) >= shortest_group:
            click.echo(f"  {number} to {following - 1}. {whose}{_group(items)}: {refusal}")
        else:
            for index, item in enumerate(items, start=number):
                click.echo(f"  {index}. {whose}{_refused(item)}: {refusal}")
        number = following


def refused(journal: Journal) -> list[tuple[Journal, SetAside]]:
    """Return the refused entries of a run and its child runs, each with its journal."""
    of_children = [pair for child in journal.children() for pair in refused(child)]
    return [*((journal, item) for item in journal.set_aside), *of_children]


def _refused(item: SetAside) -> str:
    tries = f"{item.tries} {'tries' if item.tries > 1 else 'try'}"
    return f"{item.entry.title}: refused on {local_time(item.time)} after {tries}"


def _group(items: list[SetAside]) -> str:
    latest = local_time(max(item.time for item in items))
    return f"{items[0].entry.title} … {items[-1].entry.title}: refused, last on {latest}"


def heading(header: Header) -> str:
    """Return a title for a run that may have no name in MLflow yet.

    Example:
        >>> from mlflow_on_kedro.journal.records import Header
        >>> heading(Header("ab", "wine", start_ms=0, root="/", run_name="try 7"))[:16]
        'Run try 7 (wine)'
    """
    name = f" {header.run_name}" if header.run_name else ""
    name += f" with the key {header.key}" if header.key else ""
    return f"Run{name} ({header.experiment}) of {local_time(header.start_ms)}"

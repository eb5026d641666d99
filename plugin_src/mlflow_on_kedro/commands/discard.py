"""``kedro mlflow discard``: delete a pending run, or one of its refused entries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .asking import confirm
from .status import heading, refused

if TYPE_CHECKING:
    from ..journal.folder import Journal
    from ..journal.records import SetAside


@click.command(short_help="Delete a run that waits, or one of its refused entries.")
@click.argument("run")
@click.argument("entry", type=click.IntRange(min=1), required=False)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option(
    "--path",
    type=click.Path(exists=True, path_type=Path),
    default=None,
    help="Another project's root, its .mlflow_on_kedro, or a copy of that.",
)
@click.pass_obj
def discard(metadata: Any, run: str, entry: int | None, *, yes: bool, path: Path | None) -> None:
    """Delete a run that waits to be delivered, or one of its refused entries.

    RUN is the name of its folder in .mlflow_on_kedro/journal or the beginning of that name, the
    run's name, or its id in MLflow. ENTRY is the number of a refused entry in the output of `kedro
    mlflow status`; without it, all of the run that is not delivered is deleted. The parts of the
    run that are in MLflow already stay there.
    """
    from ..delivery.backlog import PendingJournal, find

    journal = _chosen(find(path if path is not None else Path(metadata.project_path)), run)
    try:
        pending = PendingJournal.from_journal(journal)
        title, what = heading(pending.header), pending.size.in_words()
    except (OSError, ValueError) as error:  # a damaged journal can be dropped, too
        title, what = f"the journal {journal.folder}", f"all ({error})"
    else:
        if pending.running:
            raise click.ClickException(f"{title} is {pending.state}: nothing is dropped.")
    items = refused(journal) if entry is not None else []
    if entry is not None and entry > len(items):
        raise click.ClickException(
            f"{title} has no refused entry {entry}: `kedro mlflow status` lists them."
        )
    if entry is not None:
        what = items[entry - 1][1].entry.title
    if not yes:
        confirm(f"Drop {what} of {title} for good?")
    try:
        journal.hold_all()
    except BlockingIOError:
        raise click.ClickException(f"{title} is delivered now: nothing is dropped.") from None
    if entry is None:
        journal.discard()
    else:
        _drop(journal, *items[entry - 1])
        journal.release()
    click.echo(f"Dropped {what} of {title}.")


def _chosen(journals: list[Journal], run: str) -> Journal:
    """Return the journal that a user has named.

    Raises:
        ClickException: There is none, or more than one.
    """
    found = [journal for journal in journals if run in _names(journal)]
    found = found or [item for item in journals if run and item.folder.name.startswith(run)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise click.ClickException(
            f"No waiting run has the name or id {run!r}. `kedro mlflow status` lists all."
        )
    names = ", ".join(journal.folder.name for journal in found)
    raise click.ClickException(
        f"{len(found)} waiting runs match {run!r}: {names}. Name one of these."
    )


def _names(journal: Journal) -> set[str]:
    names = {journal.folder.name}
    try:
        names.add(journal.header.run_name or "")
    except (OSError, ValueError):  # a damaged journal can be dropped, too
        return names
    opened = journal.opened
    return names | ({opened.run_id, opened.name} if opened is not None else set()) - {""}


def _drop(journal: Journal, owner: Journal, dropped: SetAside) -> None:
    """Drop one refused entry of a run or its child, and the run if nothing else is pending."""
    from ..delivery.pending import PendingSize

    owner.set_aside = [item for item in owner.set_aside if item.entry != dropped.entry]
    owner.copies.remove(dropped.entry)
    left = PendingSize.in_journal(journal, journal.delivered)
    if journal.ended is not None and left == PendingSize():
        journal.discard()

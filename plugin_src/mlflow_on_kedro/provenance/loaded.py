"""``kedro/loaded.json``: which versions a run has loaded of what may be another one later.

For example::

    {
      "format": 1,
      "datasets": {
        "champion": {"uri": "models:/wines/2", "asked_for": "models:/wines@champion",
                     "run_id": "8d1f…", "model_id": "m-5a…"},
        "wines": {"version": "2026-11-27T04.40.00.000Z"},
        "scores": {"uri": "runs:/8d1f…/scores.json", "run_id": "8d1f…"}
      }
    }

Each process notes what its nodes load; the file is made when the run ends. A worker on a machine
that does not have the run's journal sets the hidden tag ``mlflow.kedro.loaded.<dataset>`` instead.

A pipeline whose run is also that of other processes or attempts writes
``kedro/loaded/<id of its journal>.json``, so that none overwrites another's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from ..journal.entries import Loaded
from ..journal.records import Header
from .files import FOLDER, LOADED

FORMAT = 1


def path_of(header: Header) -> str:
    """Return the path of the file among the artifacts of a run.

    Args:
        header: The header of the run's journal.
    """
    return f"{FOLDER}/loaded/{header.journal}.json" if header.has_shared_run else LOADED


def to_text(entries: Iterable[Loaded]) -> str | None:
    """Write the content of the file; None: nothing of this kind was loaded.

    Example:
        >>> print(to_text([Loaded("wines", '{"version": "1"}')]), end="")
        {"format": 1, "datasets": {
        "wines": {"version": "1"}
        }}
    """
    found = {entry.dataset: entry.content for entry in entries}
    if not found:
        return None
    rows = ",\n".join(f"{json.dumps(name)}: {found[name]}" for name in sorted(found))
    return f'{{"format": {FORMAT}, "datasets": {{\n{rows}\n}}}}\n'

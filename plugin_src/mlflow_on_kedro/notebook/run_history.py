"""``context.mlflow.runs``, ``best``, ``show`` and ``diff``: looking back at runs in notebooks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config.sections import Config
from ..errors import MLflowOnKedroError
from ..tracking.finding import Runs

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities import Run

    from ..comparing.run_diff import RunDiff
    from ..history.run_page import RunPage
    from ..history.run_record import RunRecord


_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
"""Whole numbers that pandas can hold."""


class RunHistory:
    """What a project's MLflow has of runs that have been: the base of ``context.mlflow``.

    Each `kedro` command has a context, so what reads runs is imported when it is asked for.
    """

    root: Path

    @property
    def settings(self) -> Config:
        """The configuration."""
        raise NotImplementedError

    @property
    def _runs(self) -> Runs:
        raise NotImplementedError

    def run(self, wanted: str) -> Run:
        """Find a run by its id or the beginning of it, its name, ``latest~2`` or ``@alias``.

        Args:
            wanted: As in :mod:`mlflow_on_kedro.tracking.run_names`.

        Raises:
            MLflowOnKedroError: There is no such run, or MLflow cannot be reached.
        """
        from ..tracking.run_names import find_run

        return find_run(self._runs, wanted)

    def runs(
        self,
        where: str = "",
        *,
        sort: str = "",
        ascending: bool = False,
        limit: int = 100,
        children: bool = False,
    ) -> pd.DataFrame:
        """Return runs as a table, the newest first: like ``kedro mlflow runs``.

        Args:
            where: Conditions, such as ``params.model.C > 0.1 AND metrics.accuracy > 0.9``.
            sort: By what the runs are sorted, such as ``metrics.accuracy``.
            ascending: Whether the lowest values come first.
            limit: How many runs there are at most.
            children: Whether runs below a pipeline's run, and combinations of sweeps, are listed,
                too. Combinations are always if ``sort`` is given.

        Returns:
            A row for each run, by its id: name, status, start, seconds, ``metrics.…`` and
            ``params.…``, which are numbers where all of a parameter's values are, and whole
            numbers (``Int64``) where all are whole. What the user
            should know of the search is in ``attrs["note"]``.

        Raises:
            MLflowOnKedroError: The conditions cannot be read, or MLflow cannot be reached.
        """
        from ..history.run_record import RunRecord
        from ..history.run_search import RunSearch

        found = RunSearch(where, sort, ascending, limit, children).find(self._runs)
        return _table([RunRecord.from_run(run) for run in found.runs], found.note)

    def best(
        self, metric: str, *, lowest: bool = False, where: str = "", children: bool = False
    ) -> Run:
        """Find the FINISHED run with the best value of a metric.

        Args:
            metric: The metric's name.
            lowest: Whether the lowest value is the best.
            where: Conditions, as for :meth:`runs`; they may also say another status.
            children: Whether runs below a pipeline's run count, too.

        Raises:
            MLflowOnKedroError: No run has the metric, or MLflow cannot be reached.
        """
        from ..history.run_search import RunSearch

        search = RunSearch.for_best(metric, where, lowest=lowest, children=children)
        found = search.find(self._runs)
        if not found.runs:
            raise MLflowOnKedroError(search.nothing_found(self._runs))
        run: Run = found.runs[0]
        return run

    def show(self, run: str | Run = "latest") -> RunPage:
        """Return all that is known of a run; a notebook shows it as a page.

        Args:
            run: The run, or a name as for :meth:`run`.

        Raises:
            MLflowOnKedroError: There is no such run, or MLflow cannot be reached.
        """
        from ..history.run_page import RunPage

        found = self.run(run) if isinstance(run, str) else run
        return RunPage.from_run(self._runs, found, self.settings.time.prefix)

    def diff(self, a: str | Run, b: str | Run = "latest") -> RunDiff:
        """Compare two runs: what differs, and what has probably caused other results.

        Args:
            a: The first run, or a name as for :meth:`run`.
            b: The second run.

        Returns:
            A comparison, which a notebook shows with the likely cause first; ``to_dict()`` has it
            as plain values.

        Raises:
            MLflowOnKedroError: There is no such run, or MLflow cannot be reached.
        """
        from ..comparing.run_diff import compare_runs

        first, second = (self.run(item) if isinstance(item, str) else item for item in (a, b))
        prefix = self.settings.env_vars.prefix
        return compare_runs(self._runs, first, second, self.root, prefix)


def _table(records: list[RunRecord], note: str) -> pd.DataFrame:
    import pandas as pd

    rows = [_row(record) for record in records]
    first = ("name", "status", "start", "seconds")
    names = dict.fromkeys(key for row in rows for key in row if key not in first)
    table = pd.DataFrame(
        rows,
        columns=[*first, *sorted(names)],
        index=pd.Index([record.run_id for record in records], name="run_id", dtype=object),
    )
    table["start"] = pd.to_datetime(table["start"], unit="ms", utc=True)
    for name in names:
        if name.startswith("params."):
            table[name] = _numbers_if_all_are(table[name])
    table.attrs["note"] = note
    return table


def _row(record: RunRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "status": record.status,
        "start": record.start_ms,
        "seconds": record.seconds,
        **{f"metrics.{key}": value for key, value in record.metrics.items()},
        **{f"params.{key}": value for key, value in record.params.items()},
    }


def _numbers_if_all_are(texts: pd.Series[Any]) -> Any:
    import pandas as pd

    numbers = pd.to_numeric(texts, errors="coerce")
    if not numbers.notna().equals(texts.notna()):
        return texts
    if all(_WHOLE.fullmatch(text) for text in texts.dropna()):
        return texts.map(int, na_action="ignore").astype("Int64")  # else 1000 would be 1000.0
    return numbers

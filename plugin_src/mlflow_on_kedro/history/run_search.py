"""``RunSearch``: which runs a list has, found without reading all runs of the experiment."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..tracking.finding import NEWEST_FIRST, RECENT, is_below, is_combination
from ..utils.suggestions import did_you_mean
from . import conditions
from .best_runs import best_runs

if TYPE_CHECKING:
    from ..tracking.finding import Runs
    from .conditions import Condition

_STATUS = ("attributes", "status")
MOST_READ = 2000
"""About how many runs are read at most: a thousand take MLflow some seconds."""
_PAGE = 250
_FOR_MLFLOW = ("run_name", "status", "start_time", "end_time", "user_id", "run_id", "artifact_uri")


@dataclass(frozen=True)
class FoundRuns:
    """The runs that a search has found.

    Attributes:
        runs: MLflow's entities, in order.
        kind: The kind of value that they are sorted by, such as ``metrics``; "": by time.
        key: The name of that value.
        note: What the user should know of the search; "": nothing.
    """

    runs: Sequence[Any]
    kind: str = ""
    key: str = ""
    note: str = ""


@dataclass(frozen=True)
class RunSearch:
    """What runs are looked for.

    Attributes:
        where: Conditions: see :mod:`.conditions`.
        sort: By what they are sorted, such as ``metrics.accuracy``; "": the newest first.
        ascending: Whether the lowest values come first.
        limit: How many runs are wanted at most.
        children: Whether runs below a pipeline's run count, too.

    The combinations of a sweep count if runs are sorted, because its own run has none of their
    metrics and parameters; in the list of the newest they would be in the way.
    """

    where: str = ""
    sort: str = ""
    ascending: bool = False
    limit: int = 10
    children: bool = False

    @classmethod
    def for_best(
        cls, metric: str, where: str = "", *, lowest: bool = False, children: bool = False
    ) -> RunSearch:
        """Look for the run with the best value of a metric.

        It is one that has FINISHED, unless the conditions say another status.

        Args:
            metric: The metric's name, with or without ``metrics.`` before it.
            where: Conditions.
            lowest: Whether the lowest value is the best.
            children: Whether runs below a pipeline's run count, too.
        """
        if not any((item.kind, item.key) == _STATUS for item in conditions.parse(where)):
            where = conditions.joined(where.strip(), "status = FINISHED")
        named = metric if metric.startswith(("metrics.", "metric.")) else f"metrics.{metric}"
        return cls(where, named, lowest, 1, children)

    def nothing_found(self, runs: Runs) -> str:
        """Return the message for an empty list.

        Args:
            runs: The runs of the project.
        """
        recent = list(itertools.islice(runs.newest(), RECENT))
        if not recent:
            return f"{runs.place} has no run yet: `kedro run` makes the first."
        has = holds = hint = ""
        if self.sort:
            kind, key = conditions.split_key(self.sort, "--sort")
            values = [run.data.metrics if kind == "metrics" else run.data.params for run in recent]
            known = sorted({name for each in values for name in each} - {key})
            has, hint = f" with {kind}.{key}", did_you_mean(key, known)
        if self.where:
            holds = f" for which {self.where} holds"
        children = ""
        if not self.children:
            also = "" if self.sort else ", and combinations of sweeps,"
            children = f" Child runs{also} are looked at with --children only."
        return f"{runs.place} has no run{has}{holds}.{hint}{children}"

    def find(self, runs: Runs) -> FoundRuns:
        """Find them.

        Raises:
            MLflowOnKedroError: The conditions or the order cannot be read, or MLflow cannot be
                reached.
        """
        wanted = conditions.parse(self.where)
        kind, key = conditions.split_key(self.sort, "--sort") if self.sort else ("", "")
        own = [item for item in wanted if not item.is_for_mlflow]

        def accepts(run: Any) -> bool:
            is_hidden = is_below(run) or (is_combination(run) and not self.sort)
            return (self.children or not is_hidden) and all(item.holds(run) for item in own)

        filter_string, tie = conditions.filter_string(wanted), ""
        if kind == "metrics":
            found, is_certain = best_runs(
                runs,
                key,
                self.limit,
                accepts,
                filter_string=filter_string,
                ascending=self.ascending,
                most=MOST_READ,
            )
            if self.limit == 1 and found:
                found, tie = self._newest_of_best(runs, found[0], filter_string, accepts)
        elif not kind or key in _FOR_MLFLOW:
            first = [f"attributes.{key} {'ASC' if self.ascending else 'DESC'}"] if kind else []
            size = _PAGE if own else max(RECENT, min(self.limit, _PAGE))
            pages = runs.pages(filter_string, [*first, *NEWEST_FIRST], size)
            found, is_certain = _read(pages, accepts, self.limit)
        else:
            if kind in {"params", "tags"}:
                has = f"{conditions.quoted_key(kind, key)} != ''"
                filter_string = conditions.joined(filter_string, has)
            found, is_certain = _read(runs.pages(filter_string, page_size=_PAGE), accepts, None)
            found = _sorted(found, kind, key, ascending=self.ascending)[: self.limit]
        return FoundRuns(found, kind, key, tie if is_certain else self._note(own, kind))

    def _newest_of_best(
        self, runs: Runs, best: Any, filter_string: str, accepts: Callable[[Any], bool]
    ) -> tuple[list[Any], str]:
        """Return the newest run with the value of the best, and a note if there are several."""
        kind, key = conditions.split_key(self.sort, "--sort")
        value = best.data.metrics[key]
        if not math.isfinite(value):  # MLflow cannot search for it
            return [best], ""
        same = f"{conditions.quoted_key(kind, key)} = {conditions.plain_number(value)}"
        page = next(runs.pages(conditions.joined(same, filter_string)), ())
        alike = [run for run in page if accepts(run)]
        if len(alike) <= 1:
            return [best], ""
        many = f"{RECENT} or more" if len(alike) >= RECENT else str(len(alike))
        note = f"{many} runs have this value of {self.sort}; this is the newest of them."
        return alike[:1], note

    def _note(self, own: Sequence[Condition], kind: str) -> str:
        why = ""
        if own:
            texts = " and ".join(item.text for item in own)
            why = f" MLflow compares parameters and tags as texts only, so {texts} is checked here."
        elif kind and kind != "metrics":
            why = f" MLflow does not sort by {self.sort} as a number, so that is done here."
        return (
            f"Only about {MOST_READ:,} runs were looked at, and there are more.{why} Restrict them "
            "by what MLflow itself can check, such as --where \"start_time > '2026-11-01'\" or "
            '"metrics.accuracy > 0.9".'
        )


def _read(pages: Any, accepts: Any, limit: int | None) -> tuple[list[Any], bool]:
    """Read runs until there are enough; and return whether the rest needs no look."""
    found: list[Any] = []
    read = 0
    for page in pages:
        read += len(page)
        found += [run for run in page if accepts(run)]
        if limit is not None and len(found) >= limit:
            return found[:limit], True
        if read >= MOST_READ:
            return found, not getattr(page, "token", None)
    return found, True


def _sorted(runs: Sequence[Any], kind: str, key: str, *, ascending: bool) -> list[Any]:
    """Sort runs by a parameter, a tag or the duration; numbers come before texts."""

    def text(run: Any) -> str:
        values = run.data.tags if kind == "tags" else run.data.params
        return str(values.get(key, ""))

    def number(run: Any) -> float | None:
        if kind == "attributes":
            return (run.info.end_time - run.info.start_time) / 1000 if run.info.end_time else None
        found = conditions.to_number(text(run))
        return None if found is None or math.isnan(found) else found

    numbers = [(value, run) for run in runs if (value := number(run)) is not None]
    texts = [(text(run), run) for run in runs if number(run) is None and kind != "attributes"]
    return [
        run
        for pairs in (numbers, texts)
        for _, run in sorted(pairs, key=lambda pair: pair[0], reverse=not ascending)
    ]

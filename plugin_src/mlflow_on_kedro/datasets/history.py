"""``MetricHistory``: ``dataset: m`` with a mode or a step, which keeps all its points."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..config.checks import check_choice
from ..errors import ConfigError
from ..journal.entries import Metric
from ..utils import mlflow_limits
from ..utils.suggestions import did_you_mean
from . import metrics
from .flat_keys import tree
from .metrics import Point

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

MODE, STEP = "mode", "step"
LOAD_MODES = tuple(form for form in metrics.FORMS if form)
SAVE_MODES = ("overwrite", "append")

# What the local file of a metric, a pickle, takes beside them.
_OF_PICKLE = {
    "load_args": ("fix_imports", "encoding", "errors", "buffers"),
    "save_args": ("protocol", "fix_imports", "buffer_callback"),
}

_MAX_RUNS = 100

# What this process has logged, by run and metric. A worker gets a copy of the run and of the
# dataset for each node, and several datasets may have one name.
_logged: OrderedDict[str, dict[str, list[Point]]] = OrderedDict()
_lock = threading.RLock()


class MetricHistory:
    """Saves points after those that a run has, and loads them in the form that is asked for.

    What is kept in memory and in the local file are all points, so that it is the same whether a
    node takes it from there or from MLflow.

    Args:
        form: What ``load`` gives: ``list``, ``dict``, ``history``, or None for what was saved.
        appends: Whether steps that are not given continue after those that the run has.
        first_step: The first of those that are not given.
        loaded_step: The one step that ``load`` gives.
    """

    def __init__(
        self,
        form: str | None,
        *,
        appends: bool,
        first_step: int = 0,
        loaded_step: int | None = None,
    ) -> None:
        self._form = form
        self._appends = appends
        self._first_step = first_step
        self._loaded_step = loaded_step
        self._alone: dict[str, list[Point]] = {}

    @classmethod
    def of(
        cls, name: str, load_args: Mapping[str, Any] | None, save_args: Mapping[str, Any] | None
    ) -> MetricHistory | None:
        """Make one as a dataset's arguments say; None where a metric is but its last value.

        Raises:
            ConfigError: A mode is none of those that there are, a step is no whole number, or
                another argument is unknown.
        """
        load_args, save_args = load_args or {}, save_args or {}
        for argument, given in (("load_args", load_args), ("save_args", save_args)):
            _check_known(name, argument, given)
        form = load_args.get(MODE)
        mode = save_args.get(MODE, "overwrite")
        if form is not None:
            check_choice("load_args.mode", form, LOAD_MODES, name)
        check_choice("save_args.mode", mode, SAVE_MODES, name)
        first, loaded = save_args.get(STEP), load_args.get(STEP)
        appends = mode == "append"
        if appends and first is not None:
            raise ConfigError(f"{name}: of `mode: append` and `step` in save_args, give one.")
        if form and loaded is not None:
            raise ConfigError(f"{name}: of `mode` and `step` in load_args, give one.")
        if not (form or appends or first or loaded is not None):
            return None
        return cls(form, appends=appends, first_step=first or 0, loaded_step=loaded)

    def log(self, run: TrackedRun | None, key: str, value: Any) -> Any:
        """Log a value's points.

        Args:
            run: The run; None: there is none, and points continue those of this dataset.
            key: The metric's name.
            value: What was saved.

        Returns:
            What to keep: all points of the run, or only the new ones where it does not append.
        """
        kept = {}
        for name, points in metrics.series("", value):
            full = f"{key}.{name}" if name and key else name or key
            with _lock:
                known = self._known(run)
                before = _before(run, full, known) if self._appends else []
                first = max((point.step for point in before), default=self._first_step - 1) + 1
                added = metrics.placed(points, first)
                if self._appends:
                    known[full] = [*before, *added]
            if run is not None:
                metrics.log_points(run, full, added)
            kept[name] = metrics.history([*before, *added])
        return tree(kept)

    def shown(self, kept: Any) -> Any:
        """Give what was kept the form that is asked for."""
        return metrics.shown(kept, self._form, self._loaded_step)

    def _known(self, run: TrackedRun | None) -> dict[str, list[Point]]:
        """What is known of the run's metrics without asking MLflow; may be written to."""
        if run is None:
            return self._alone
        if not run.journal_id:  # it was joined for this one save
            return {}
        known = _logged.setdefault(run.journal_id, {})
        _logged.move_to_end(run.journal_id)
        while len(_logged) > _MAX_RUNS:
            _logged.popitem(last=False)
        return known


def check_no_metric(name: str, given: Mapping[str, Any]) -> None:
    """Refuse what is for metrics alone in the arguments of a parameter or of ``a``.

    Raises:
        ConfigError: There is a mode or a step.
    """
    for argument in _OF_PICKLE:
        for key in (MODE, STEP):
            if key in (given.get(argument) or {}):
                raise ConfigError(f"{name}: `{key}` in {argument} is for metrics: `dataset: m`.")


def _check_known(name: str, argument: str, given: Mapping[str, Any]) -> None:
    known = (MODE, STEP, *_OF_PICKLE[argument])
    for key, value in given.items():
        if key not in known:
            raise ConfigError(
                f"{name}: {argument} of a metric has no '{key}'."
                f"{did_you_mean(str(key), known)} There is: {MODE}, {STEP}."
            )
        if key == STEP and (not isinstance(value, int) or isinstance(value, bool)):
            raise ConfigError(f"{name}: '{argument}.{STEP}' must be a whole number: {value!r}")


def for_the_file(given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments for the local file of a metric: without its mode and step."""
    return {
        name: {key: item for key, item in value.items() if key not in (MODE, STEP)}
        if name in _OF_PICKLE and value
        else value
        for name, value in given.items()
    }


def _before(run: TrackedRun | None, key: str, known: Mapping[str, list[Point]]) -> list[Point]:
    """The points of a metric so far."""
    if run is None:
        return known.get(key, [])
    before = known[key] if key in known else _in_mlflow(run, key)
    legal = mlflow_limits.legal_key(run.name_in_run(key))
    elsewhere = (
        Point(entry.step, entry.value, entry.timestamp)
        for entry in run.written_elsewhere()
        if isinstance(entry, Metric) and entry.key == legal
    )
    return list(dict.fromkeys([*before, *elsewhere]))


def _in_mlflow(run: TrackedRun, key: str) -> list[Point]:
    """The points that a run had before this process logged to it."""
    chosen = run.key or run.config.run.id or run.config.run.resume
    continues = bool(chosen or not run.journal_id or not run.ends_with_pipeline)
    if continues and run.opened is None:
        run.flush()
    if run.is_reachable:
        with run.guard():
            return metrics.read_points(run.client, run.run_id, run.name_in_run(key))
    if continues:
        logger.warning(
            "'%s' is to continue after the steps that the run has in MLflow, which cannot be asked "
            "now: its steps begin at 0.",
            key,
        )
    return []

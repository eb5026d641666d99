"""``MetricHistory``: ``dataset: m`` with a ``mode`` or a ``step``, which stores all its points."""

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
from . import metric_forms, metrics
from .flat_keys import nested
from .metrics import Point

if TYPE_CHECKING:
    from ..tracking.tracked_run import TrackedRun

logger = logging.getLogger(__name__)

MODE, STEP = "mode", "step"
LOAD_MODES = tuple(mode for mode in metric_forms.FORMS if mode)
SAVE_MODES = ("overwrite", "append")

# Further arguments, for the pickled local file.
_PICKLE_ARGS = {
    "load_args": ("fix_imports", "encoding", "errors", "buffers"),
    "save_args": ("protocol", "fix_imports", "buffer_callback"),
}

_MAX_RUNS = 100

# The points that this process has logged, by run and metric. They are module-level because a worker
# gets a copy of the run and of the dataset for each node, and several datasets may have one name.
_logged: OrderedDict[str, dict[str, list[Point]]] = OrderedDict()
_lock = threading.RLock()


class MetricHistory:
    """Appends points to those that a run has, and converts them into the form for loading.

    All points are kept in memory and in the local file, so that a node loads the same from there
    and from MLflow.

    Args:
        load_mode: What ``load`` returns: ``list``, ``dict``, ``history``, or None for the form in
            which the value was saved.
        appends: Whether missing steps continue after those that the run has.
        first_step: The first missing step, if they do not.
        loaded_step: The only step that ``load`` returns.
    """

    def __init__(
        self,
        load_mode: str | None,
        *,
        appends: bool,
        first_step: int = 0,
        loaded_step: int | None = None,
    ) -> None:
        self._load_mode = load_mode
        self._appends = appends
        self._first_step = first_step
        self._loaded_step = loaded_step
        self._without_run: dict[str, list[Point]] = {}

    @classmethod
    def from_args(
        cls, name: str, load_args: Mapping[str, Any] | None, save_args: Mapping[str, Any] | None
    ) -> MetricHistory | None:
        """Make the history that a dataset's arguments ask for; None if they ask for none.

        Raises:
            ConfigError: A mode is unknown, a step is not a whole number, or another argument is
                unknown.
        """
        load_args, save_args = load_args or {}, save_args or {}
        for argument, given in (("load_args", load_args), ("save_args", save_args)):
            _check_known(name, argument, given)
        load_mode = load_args.get(MODE)
        save_mode = save_args.get(MODE, "overwrite")
        if load_mode is not None:
            check_choice("load_args.mode", load_mode, LOAD_MODES, name)
        check_choice("save_args.mode", save_mode, SAVE_MODES, name)
        first, loaded = save_args.get(STEP), load_args.get(STEP)
        appends = save_mode == "append"
        if appends and first is not None:
            raise ConfigError(f"{name}: give only one of `mode: append` and `step` in save_args.")
        if load_mode and loaded is not None:
            raise ConfigError(f"{name}: give only one of `mode` and `step` in load_args.")
        if not (load_mode or appends or first or loaded is not None):
            return None
        return cls(load_mode, appends=appends, first_step=first or 0, loaded_step=loaded)

    def log(self, run: TrackedRun | None, key: str, value: Any) -> Any:
        """Log a value's points.

        Args:
            run: The run; None: log nothing, and append to the points of this dataset.
            key: The metric's name.
            value: The value.

        Returns:
            All points of the run; only the new ones if the history does not append.
        """
        histories = {}
        for name, points in metrics.series("", value):
            full = f"{key}.{name}" if name and key else name or key
            with _lock:
                known = self._known_points(run)
                earlier = _earlier_points(run, full, known) if self._appends else []
                first = max((point.step for point in earlier), default=self._first_step - 1) + 1
                added = metrics.completed(points, first)
                if self._appends:
                    known[full] = [*earlier, *added]
            if run is not None:
                metrics.log_points(run, full, added)
            histories[name] = metric_forms.history([*earlier, *added])
        return nested(histories)

    def in_form(self, value: Any) -> Any:
        """Convert what :meth:`log` returned into the form for loading."""
        return metric_forms.in_form(value, self._load_mode, self._loaded_step)

    def _known_points(self, run: TrackedRun | None) -> dict[str, list[Point]]:
        """Return the points of the run's metrics that this process knows; the caller adds to it."""
        if run is None:
            return self._without_run
        if not run.journal_id:  # the run was joined for this one save
            return {}
        known = _logged.setdefault(run.journal_id, {})
        _logged.move_to_end(run.journal_id)
        while len(_logged) > _MAX_RUNS:
            _logged.popitem(last=False)
        return known


def check_not_metric(name: str, given: Mapping[str, Any]) -> None:
    """Raise an error if the arguments of ``p`` or ``a`` have a mode or a step.

    Raises:
        ConfigError: There is a mode or a step, which are for metrics alone.
    """
    for argument in _PICKLE_ARGS:
        for key in (MODE, STEP):
            if key in (given.get(argument) or {}):
                raise ConfigError(f"{name}: `{key}` in {argument} is for metrics: `dataset: m`.")


def _check_known(name: str, argument: str, given: Mapping[str, Any]) -> None:
    known = (MODE, STEP, *_PICKLE_ARGS[argument])
    for key, value in given.items():
        if key not in known:
            raise ConfigError(
                f"{name}: {argument} of a metric has no '{key}'."
                f"{did_you_mean(str(key), known)} There is: {MODE}, {STEP}."
            )
        if key == STEP and (not isinstance(value, int) or isinstance(value, bool)):
            raise ConfigError(f"{name}: '{argument}.{STEP}' must be a whole number: {value!r}")


def file_args(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments for the local file of a metric: without mode and step."""
    return {
        name: {key: item for key, item in value.items() if key not in (MODE, STEP)}
        if name in _PICKLE_ARGS and value
        else value
        for name, value in given.items()
    }


def _earlier_points(
    run: TrackedRun | None, key: str, known: Mapping[str, list[Point]]
) -> list[Point]:
    if run is None:
        return known.get(key, [])
    earlier = known[key] if key in known else _points_in_mlflow(run, key)
    legal = mlflow_limits.legal_key(run.name_in_run(key))
    of_other_processes = (
        Point(entry.step, entry.value, entry.timestamp)
        for entry in run.entries_of_others(Metric)
        if entry.key == legal
    )
    return list(dict.fromkeys([*earlier, *of_other_processes]))


def _points_in_mlflow(run: TrackedRun, key: str) -> list[Point]:
    """Return the points that a run had before this process logged to it."""
    chosen = run.key or run.config.run.id or run.config.run.resume
    continues = bool(chosen or not run.journal_id or not run.ends_with_pipeline)
    if continues and run.opened is None:
        run.flush()
    if run.is_reachable:
        with run.guard():
            return metric_forms.read_points(run.client, run.run_id, run.name_in_run(key))
    if continues:
        logger.warning(
            "MLflow cannot be reached, so the steps of '%s' begin at 0 instead of continuing after "
            "those that the run has.",
            key,
        )
    return []

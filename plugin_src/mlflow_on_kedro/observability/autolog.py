"""MLflow's autologging: on while a run lasts that asks for it, and afterwards as it was before.

MLflow keeps one state of it for the whole process, and has no public way to ask for that state or
to switch on a single flavor only once its library is imported. This module is the one place that
touches that state; a test fails when it moves.
"""

from __future__ import annotations

import inspect
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ..config import autolog_options
from ..config.checks import FILE
from ..errors import ConfigError
from ..tracking import store
from ..utils import environment, import_watch
from . import autolog_flavors

logger = logging.getLogger(__name__)


def check(value: Any, where: str = FILE) -> None:
    """Find, before the pipeline runs, a flavor or argument that MLflow does not know.

    Args:
        value: ``autolog`` of mlflow.yml.
        where: The name of that file, for messages.

    Raises:
        ConfigError: The message names it, and the nearest that MLflow knows.
    """
    flavors = autolog_options.parse(value, where)
    if flavors is True or not flavors:
        return
    store.prepare()
    for flavor, arguments in flavors.items():
        autolog_flavors.check_arguments(flavor, arguments, where)
        libraries = autolog_flavors.libraries_of(flavor)
        if not any(map(autolog_flavors.is_installed, libraries)):
            raise ConfigError(
                f"{where}: 'autolog.{flavor}' needs the package {libraries[0]}, which is not "
                "installed."
            )


def is_needed(value: Any) -> bool:
    """Whether anything has to be switched on or off for a run."""
    return bool(value) or (environment.switches_autolog_on() and import_watch.is_imported())


class _Switch:
    """How many runs and nodes of this process need autologging, and what it was before."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.count = 0
        self.applied: list[Any] = []
        self.waiting: list[Callable[[], None]] = []
        self.before: _State | None = None


_switch = _Switch()


def enter(value: Any) -> None:
    """Switch on what a run asks for, and off what a platform has switched on, until :func:`leave`.

    What several runs at once ask for is on for all of them: MLflow has one state for all.
    """
    with _switch.lock:
        if _switch.count == 0:
            store.prepare()
            _switch.before = _State()
        _switch.count += 1
        if value not in _switch.applied:
            _switch.applied.append(value)
            _apply(autolog_options.parse(value))


def leave() -> None:
    """Put all back as it was, if no other run needs it."""
    with _switch.lock:
        _switch.count -= 1
        if _switch.count == 0 and _switch.before is not None:
            while _switch.waiting:
                import_watch.forget(_switch.waiting.pop())
            _switch.applied.clear()
            _switch.before.restore()
            _switch.before = None


class _Nodes(threading.local):
    """How many nodes have entered in this thread."""

    count = 0


_nodes = _Nodes()


def enter_node(value: Any) -> None:
    """Switch on what a run asks for in a worker process, which may later work for another run."""
    enter(value)
    _nodes.count += 1


def leave_node() -> None:
    """End what :func:`enter_node` has begun in this thread, if it has."""
    if _nodes.count:
        _nodes.count -= 1
        leave()


def _apply(flavors: bool | Mapping[str, Mapping[str, Any]]) -> None:
    import mlflow

    if isinstance(flavors, bool):
        mlflow.autolog()
        return
    if environment.switches_autolog_on():
        mlflow.autolog(disable=True)
    for flavor, arguments in flavors.items():
        libraries, start = autolog_flavors.libraries_of(flavor), _starter(flavor, arguments)
        if any(library in sys.modules for library in libraries):
            start()
        else:  # a run that does not use the library need not import it
            _switch.waiting.append(start)
            import_watch.when_imported(start, *libraries)


def _starter(flavor: str, arguments: Mapping[str, Any]) -> Callable[[], None]:
    def start() -> None:
        try:
            autolog_flavors.function_of(flavor)(**arguments)
        except Exception as error:  # or the import of the library would fail
            logger.warning("Autologging of %s could not be switched on: %s", flavor, error)

    return start


class _State:
    """What is on in this process, and what is to be switched on with an import."""

    def __init__(self) -> None:
        self._integrations = {name: dict(given) for name, given in _integrations().items()}
        self._hooks = {name: list(hooks) for name, hooks in _import_hooks().items()}

    def restore(self) -> None:
        """Make all as it was; what cannot be is said."""
        for name, now in list(_integrations().items()):
            before = self._integrations.get(name, {})
            if now != before:
                try:
                    self._restore_flavor(name, before)
                except Exception as error:
                    logger.warning("Autologging of %s may still be on: %s", name, error)
        self._restore_hooks()

    @staticmethod
    def _restore_flavor(name: str, before: dict[str, Any]) -> None:
        if name != "mlflow":  # where it keeps the arguments of `mlflow.autolog` itself
            function = autolog_flavors.function_of(name)
            takes = inspect.signature(function).parameters
            given = {key: value for key, value in before.items() if key in takes}
            function(**given or {"disable": True})
        _integrations()[name] = before

    def _restore_hooks(self) -> None:
        hooks = _import_hooks()
        for library, waiting in list(hooks.items()):
            before = self._hooks.get(library)
            if waiting and before is None:
                del hooks[library]
            elif waiting and before is not None:
                hooks[library] = before
            elif before and library in sys.modules:  # imported meanwhile
                for hook in before:
                    hook(sys.modules[library])


def _integrations() -> dict[str, dict[str, Any]]:
    from mlflow.utils.autologging_utils import AUTOLOGGING_INTEGRATIONS

    found: dict[str, dict[str, Any]] = AUTOLOGGING_INTEGRATIONS
    return found


def _import_hooks() -> dict[str, list[Callable[[Any], None]]]:
    from mlflow.utils import import_hooks

    module: Any = import_hooks
    found: dict[str, list[Callable[[Any], None]]] = module._post_import_hooks  # noqa: SLF001
    return found

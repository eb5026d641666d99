"""MLflow's autologging: on during a run that asks for it, and afterwards as it was before.

MLflow switches it on for the whole process, and has no public way to wait for a library to be
imported before a single flavor is switched on.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ..config import autolog_options
from ..config.checks import FILE
from ..errors import ConfigError
from ..mlflow_internals.autolog_state import AutologState
from ..tracking import store
from ..utils import environment, import_watch
from . import autolog_flavors

logger = logging.getLogger(__name__)


def check(value: Any, where: str = FILE) -> None:
    """Raise an error, before the pipeline runs, for a flavor or argument that MLflow does not know.

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


class _Switch:
    """What this process's runs and nodes have switched on, and what was on before.

    Attributes:
        users: How many runs and nodes need it now.
        applied: The values of ``autolog`` that have been applied.
        waiting: What switches a flavor on once its library is imported.
        before: What was on before the first of them.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.users = 0
        self.applied: list[Any] = []
        self.waiting: list[Callable[[], None]] = []
        self.before: AutologState | None = None


_switch = _Switch()


def enter(value: Any) -> None:
    """Switch on what a run asks for, and off what a platform has switched on, until :func:`leave`.

    If several runs are open at once, what one of them asks for is on for all.
    """
    with _switch.lock:
        if _switch.users == 0:
            store.prepare()
            _switch.before = AutologState()
        _switch.users += 1
        if value not in _switch.applied:
            _switch.applied.append(value)
            _apply(autolog_options.parse(value))


def leave() -> None:
    """Restore what was on before, unless another run still needs autologging."""
    with _switch.lock:
        _switch.users -= 1
        if _switch.users == 0 and _switch.before is not None:
            while _switch.waiting:
                import_watch.forget(_switch.waiting.pop())
            _switch.applied.clear()
            _switch.before.restore()
            _switch.before = None


class _ThreadState(threading.local):
    nodes = 0
    """How many nodes of this thread have called :func:`enter_node`."""


_thread_state = _ThreadState()


def enter_node(value: Any) -> None:
    """Do as :func:`enter` for one node, in a worker process that may later run nodes of others."""
    enter(value)
    _thread_state.nodes += 1


def leave_node() -> None:
    """Undo :func:`enter_node`, if this thread has called it."""
    if _thread_state.nodes:
        _thread_state.nodes -= 1
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
        else:  # the nodes may never import the library
            _switch.waiting.append(start)
            import_watch.when_imported(start, *libraries)


def _starter(flavor: str, arguments: Mapping[str, Any]) -> Callable[[], None]:
    def start() -> None:
        try:
            autolog_flavors.function_of(flavor)(**arguments)
        except Exception as error:  # raised, it would fail the import of the library
            logger.warning("Autologging of %s could not be switched on: %s", flavor, error)

    return start

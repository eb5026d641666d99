"""Which of MLflow's flavors are autologged, and which will be once their library is imported.

MLflow has this once for the whole process, and no public way to ask for it.
"""

from __future__ import annotations

import importlib
import inspect
import logging
import sys
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)


class AutologState:
    """What is autologged now, to be restored later."""

    def __init__(self) -> None:
        self._arguments = {name: dict(given) for name, given in _arguments_of_flavors().items()}
        self._hooks = {name: list(hooks) for name, hooks in _import_hooks().items()}

    def restore(self) -> None:
        """Restore this state; warn of each flavor for which that fails."""
        for flavor, now in list(_arguments_of_flavors().items()):
            before = self._arguments.get(flavor, {})
            if now != before:
                try:
                    _restore_flavor(flavor, before)
                except Exception as error:
                    logger.warning("Autologging of %s may still be on: %s", flavor, error)
        self._restore_hooks()

    def _restore_hooks(self) -> None:
        hooks = _import_hooks()
        for library, waiting in list(hooks.items()):
            before = self._hooks.get(library)
            if waiting and before is None:
                del hooks[library]
            elif waiting and before is not None:
                hooks[library] = before
            elif before and library in sys.modules:  # it was imported since
                for hook in before:
                    hook(sys.modules[library])


def library_of_flavors() -> dict[str, str]:
    """Return the flavors that MLflow can autolog, and the library that each patches."""
    from mlflow.ml_package_versions import FLAVOR_TO_MODULE_NAME

    return dict(FLAVOR_TO_MODULE_NAME)


def is_autolog_function(function: Any) -> bool:
    """Whether something is a flavor's ``autolog`` function."""
    return hasattr(function, "integration_name")


def _restore_flavor(flavor: str, before: dict[str, Any]) -> None:
    if flavor != "mlflow":  # under which MLflow has the arguments of `mlflow.autolog` itself
        # Calling it also removes or sets the patches, which the table of arguments does not.
        autolog = importlib.import_module(f"mlflow.{flavor}").autolog
        accepted = inspect.signature(autolog).parameters
        arguments = {key: value for key, value in before.items() if key in accepted}
        autolog(**arguments or {"disable": True})
    _arguments_of_flavors()[flavor] = before


def _arguments_of_flavors() -> dict[str, dict[str, Any]]:
    from mlflow.utils.autologging_utils import AUTOLOGGING_INTEGRATIONS

    found: dict[str, dict[str, Any]] = AUTOLOGGING_INTEGRATIONS
    return found


def _import_hooks() -> dict[str, list[Callable[[Any], None]]]:
    from mlflow.utils import import_hooks

    module: Any = import_hooks
    found: dict[str, list[Callable[[Any], None]]] = module._post_import_hooks  # noqa: SLF001
    return found

"""The hooks of the installed package, which Kedro finds by the entry point ``kedro.hooks``.

They act in a project that has an mlflow.yml, and none of this plugin's hooks in its settings.py: a
project may share its environment with others, and only its mlflow.yml shows that it wants tracking.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata
from typing import Any

from kedro.framework.hooks import hook_impl
from pluggy import PluginManager

from ..utils import installation
from .base import TrackingHook
from .registry import HookSequence


def __getattr__(name: str) -> Any:
    # Kedro loads the entry point for each session and in each worker; settings.py may differ. The
    # name stays for ever: an installed version's entry point may load a project's older copy.
    if name != "hooks":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    hooks = list(HookSequence()) if _are_wanted() else []
    for hook in hooks:
        hook.needs_mlflow_yml = True
    return InstalledHooks(hooks)


class InstalledHooks:
    """Several hooks as one plugin of Kedro's hook manager, because an entry point is one object.

    Each method of a hook becomes an attribute, marked with the name of Kedro's hook as pluggy's
    ``specname``: several attributes implement the same one.

    Args:
        hooks: The hooks.
    """

    def __init__(self, hooks: Iterable[TrackingHook]) -> None:
        manager = PluginManager("kedro")
        for number, hook in enumerate(hooks):
            for name in dir(hook):
                options: Any = manager.parse_hookimpl_opts(hook, name)
                if options is not None:
                    method = getattr(hook, name)
                    hook_impl(**{**options, "specname": options["specname"] or name})(
                        method.__func__
                    )
                    # Kedro takes attributes in the order of their names, and hooks one by one.
                    setattr(self, f"hook_{number:02}_{name}", method)


def _are_wanted() -> bool:
    from kedro.framework.project import settings

    if not installation.present().is_installed:  # but a copy in the project's src/
        return False
    if any(isinstance(hook, TrackingHook) for hook in settings.HOOKS):
        return False
    disabled = {name.replace("_", "-") for name in settings.DISABLE_HOOKS_FOR_PLUGINS}
    return "kedro-mlflow" in disabled or not _has_kedro_mlflow()


def _has_kedro_mlflow() -> bool:
    """Whether kedro-mlflow is installed, whose hooks read a file mlflow.yml of other keys."""
    try:
        metadata.distribution("kedro-mlflow")
    except metadata.PackageNotFoundError:
        return False
    return True

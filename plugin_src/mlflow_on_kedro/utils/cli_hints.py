"""The commands that a user is told to give, where the ``kedro mlflow`` commands may not be."""

from __future__ import annotations

from pathlib import Path

from kedro.utils import is_kedro_project

from .secrets import mask_urls


def to_look(uri: str, root: Path, env: str | None = None) -> str:
    """Say how to look at a store that has no page of its own.

    Args:
        uri: The tracking URI.
        root: The project's root; a packaged project's is the folder that it was run in, where Kedro
            finds no project and so has no commands of it.
        env: The Kedro environment of the run, whose mlflow.yml may name another store.

    Example:
        >>> to_look("sqlite:////tmp/mlflow.db", Path("/tmp"))
        'mlflow ui --backend-store-uri sqlite:////tmp/mlflow.db'
    """
    if is_kedro_project(root):
        return f"kedro mlflow ui{_in(env)}"
    return f"mlflow ui --backend-store-uri {mask_urls(uri)}"


def to_deliver(root: Path, env: str | None = None) -> str:
    """Say how what is left of a run is delivered.

    Args:
        root: As for :func:`to_look`.
        env: See there; its credentials may be needed.
    """
    if is_kedro_project(root):
        return f"`kedro mlflow sync{_in(env)}` delivers it"
    return f"The next run here delivers it, or `kedro mlflow sync {root}` in the Kedro project"


def _in(env: str | None) -> str:
    return f" --env {env}" if env else ""

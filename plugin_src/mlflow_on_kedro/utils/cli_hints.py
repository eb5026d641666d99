"""Commands that messages suggest to the user, also where ``kedro mlflow`` is not available."""

from __future__ import annotations

from pathlib import Path

from kedro.utils import is_kedro_project

from .secrets import mask_urls


def to_view(uri: str, root: Path, env: str | None = None) -> str:
    """Return the command that shows a store in the MLflow UI, and in it the newest run.

    Args:
        uri: The tracking URI.
        root: The project's root. For a packaged project it is the folder in which it was run, where
            Kedro has no commands of the project.
        env: The Kedro environment of the run, whose mlflow.yml may name another store.

    Example:
        >>> to_view("sqlite:////tmp/mlflow.db", Path("/tmp"))
        'mlflow ui --backend-store-uri sqlite:////tmp/mlflow.db'
    """
    if is_kedro_project(root):
        return f"kedro mlflow ui --last{_in(env)}"
    return f"mlflow ui --backend-store-uri {mask_urls(uri)}"


def to_deliver(root: Path, env: str | None = None) -> str:
    """Return a hint about how to deliver the rest of a run.

    Args:
        root: As for :func:`to_view`.
        env: The Kedro environment of the run, whose credentials may be needed.
    """
    if is_kedro_project(root):
        return f"`kedro mlflow sync{_in(env)}` delivers it"
    return f"The next run here delivers it, or `kedro mlflow sync {root}` in the Kedro project"


def _in(env: str | None) -> str:
    return f" --env {env}" if env else ""

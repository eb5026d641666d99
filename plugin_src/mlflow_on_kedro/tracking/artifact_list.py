"""The artifacts of a run, listed folder by folder."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..mlflow_internals import mlflow_globals

if TYPE_CHECKING:
    from mlflow import MlflowClient

_MOST_FOLDERS = 20
_MOST_FILES = 200


@dataclass(frozen=True)
class ListedFile:
    """A file among a run's artifacts.

    Attributes:
        path: Its path.
        size: Its size in bytes; None: unknown.
    """

    path: str
    size: int | None = None


def list_files(
    client: MlflowClient, run_id: str, but: Collection[str] = ()
) -> tuple[list[ListedFile], bool]:
    """List the files of a run; each folder costs a request, so not all of very many are listed.

    Args:
        client: A client of the run's store.
        run_id: The run.
        but: Folders that are left out, such as the names of the run's models.

    Returns:
        The files, sorted by path, and whether these are all.

    Raises:
        Exception: MLflow or its artifact store cannot be reached.
    """
    found: list[ListedFile] = []
    folders: deque[str | None] = deque([None])
    asked = 0
    with mlflow_globals.tracking_uri(client.tracking_uri):
        while folders and asked < _MOST_FOLDERS and len(found) < _MOST_FILES:
            asked += 1
            for item in client.list_artifacts(run_id, folders.popleft()):
                if not item.is_dir:
                    found.append(ListedFile(str(item.path), item.file_size))
                elif item.path not in but:
                    folders.append(str(item.path))
    is_all = not folders and len(found) <= _MOST_FILES
    return sorted(found, key=lambda file: file.path)[:_MOST_FILES], is_all

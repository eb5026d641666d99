"""Artifacts of MLflow runs, downloaded to a folder of the project."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from kedro.io import DatasetError

from ..mlflow_internals import mlflow_globals
from ..utils.locks import locked
from ..utils.replacing import replace_file, replace_folder
from ..utils.secrets import mask_urls
from . import artifact_names, capabilities
from .capabilities import Feature
from .failure_messages import load_message
from .store import connect, working_folder

if TYPE_CHECKING:
    from mlflow import MlflowClient

FOLDER = "downloads"
_NOT_IN_ARTIFACTS = re.compile(r"[\\:\x00]")
WHOLE_ID = (
    "A catalog entry needs the whole id: `kedro mlflow runs --load` prints entries with it, and "
    "`kedro mlflow show RUN` the id of a run that you name otherwise."
)
_OTHER_NAME = "A catalog entry loads the file of its own name; `dataset_name` gives another name."
_ID_LENGTH = 32
"""MLflow's own ids have so many characters, and a shorter one is the beginning of one."""
_RUN_ID = re.compile(r"[A-Za-z0-9][\w\-]*")


def artifact_folder(path: str) -> str:
    """Check and normalise the path of an artifact in a run.

    Raises:
        DatasetError: The path leads out of the run's artifacts.

    Example:
        >>> artifact_folder("models//latest/")
        'models/latest'
    """
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or path.startswith("/") or _NOT_IN_ARTIFACTS.search(path):
        raise DatasetError(
            f"{path!r} is no place among a run's artifacts: give a path such as models/latest, "
            "without `..`, a leading slash, backslashes or colons."
        )
    return "/".join(parts)


def place(root: Path, run_id: str, artifact: str) -> Path:
    """Return where an artifact of a run lies once it is downloaded."""
    return working_folder(root) / FOLDER / run_id / artifact_folder(artifact)


def download(uri: str, run_id: str, artifact: str, root: Path, *, reuse: bool) -> Path:
    """Download an artifact of a run to ``.mlflow_on_kedro/downloads/<run id>/`` of the project.

    Args:
        uri: The tracking URI.
        run_id: The run.
        artifact: The path of a file or folder among the run's artifacts.
        root: The project's root.
        reuse: Whether to use an earlier download.

    Returns:
        The local file or folder.

    Raises:
        DatasetError: The run has no such artifact, or MLflow cannot be reached.
    """
    if not _RUN_ID.fullmatch(run_id):
        raise DatasetError(f"{run_id!r} is no id of an MLflow run. {WHOLE_ID}")
    target = place(root, run_id, artifact)
    folder = working_folder(root) / FOLDER / run_id
    if reuse and target.exists():
        return target
    # An interrupted download must not look complete, so it is moved to its place at the end.
    with (
        locked(folder.with_name(f"{run_id}.lock")),
        tempfile.TemporaryDirectory(dir=folder.parent) as scratch,
    ):
        if reuse and target.exists():  # another process has downloaded it meanwhile
            return target
        arrived = _fetch(uri, run_id, artifact, scratch)
        target.parent.mkdir(parents=True, exist_ok=True)
        if arrived.is_dir():
            replace_folder(arrived, target)
        else:
            shutil.rmtree(target, ignore_errors=True)  # the run may have had a folder of that name
            replace_file(arrived, target)
    return target


def artifacts_of(client: MlflowClient, run_id: str, folder: str | None) -> set[str]:
    """List the paths of the artifacts in a folder of a run, and in its models.

    Args:
        client: A client of the run's store.
        run_id: The run.
        folder: A folder among the run's artifacts, or a model's name; None: the root.

    Raises:
        mlflow.exceptions.MlflowException: There is no such run, or MLflow cannot be reached.
    """
    uri = client.tracking_uri
    with mlflow_globals.tracking_uri(uri):
        if capabilities.has(uri, Feature.LOGGED_MODELS):
            try:
                return {item.path for item in client.list_artifacts(run_id, folder)}
            except Exception as error:
                # MLflow 3 lists the artifacts of the run's logged models, too.
                instead = "only the artifacts of runs are looked for"
                if not capabilities.lacks(
                    uri, Feature.LOGGED_MODELS, error, instead, lambda: client.get_run(run_id)
                ):
                    raise
        from mlflow.artifacts import list_artifacts

        root = client.get_run(run_id).info.artifact_uri
        there = list_artifacts(f"{root}/{folder}" if folder else root, tracking_uri=uri)
        names = {PurePosixPath(item.path).name for item in there}
        return {f"{folder}/{name}" if folder else name for name in names}


def name_in_run(client: MlflowClient, run_id: str, artifact: str) -> str:
    """Return the name under which a run has an artifact: by HTTP some names are changed.

    Raises:
        mlflow.exceptions.MlflowException: There is no such run, or MLflow cannot be reached.
    """
    safe = artifact_names.url_safe(artifact)
    if safe == artifact:
        return artifact
    by_http = artifact_names.goes_by_http(client.get_run(run_id).info.artifact_uri)
    return safe if by_http else artifact


def _fetch(uri: str, run_id: str, artifact: str, scratch: str) -> Path:
    client = connect(uri)
    from mlflow.artifacts import download_artifacts

    none = f"Run {run_id} in MLflow at {mask_urls(uri)} gave no artifact '{artifact}'"
    advice = _OTHER_NAME if len(run_id) >= _ID_LENGTH else WHOLE_ID
    try:
        with mlflow_globals.tracking_uri(uri):
            name = name_in_run(client, run_id, artifact)
            arrived = download_artifacts(
                run_id=run_id, artifact_path=name, dst_path=scratch, tracking_uri=uri
            )
    except Exception as error:
        reason = mask_urls(str(error)).strip().splitlines()[:1]
        why = f": {reason[0].rstrip('.')}" if reason else ""
        said = f"{none}{why}. {advice}"
        what = f"the artifact '{artifact}' of run {run_id}"
        raise DatasetError(load_message(uri, error, what, said)) from None
    if not arrived or not Path(arrived).exists():
        raise DatasetError(f"{none}. {advice}")
    return Path(arrived)

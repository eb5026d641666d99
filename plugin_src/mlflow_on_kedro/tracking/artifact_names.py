"""Names for artifacts that MLflow's HTTP server does not change or cut off."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

# MLflow's client puts a name into the URL as it is
# (`mlflow.store.artifact.http_artifact_repo.HttpArtifactRepository.log_artifact`): the server would
# see nothing after `#` and `?`, and `%25` as `%`.
_ODD = re.compile(r"[#?\x00-\x1f\x7f\\]|%(?=[0-9A-Fa-f]{2})")
_NOT_IN_FOLDERS = re.compile(r'[\\/:*?"<>|#%\x00-\x1f\x7f]|^\.')
_HTTP = ("http:", "https:", "mlflow-artifacts:")


def goes_by_http(artifact_uri: str) -> bool:
    """Whether a run's artifacts go to an HTTP server, and not straight to a store.

    Example:
        >>> goes_by_http("mlflow-artifacts:/1/ab"), goes_by_http("s3://bucket/ab")
        (True, False)
    """
    return artifact_uri.startswith(_HTTP)


def url_safe(path: str) -> str:
    """Replace the characters of an artifact's name that MLflow's HTTP API does not keep.

    A changed name ends in a digest of the old one, so that two names never become the same.

    Example:
        >>> url_safe("reports/q#1.csv"), url_safe("reports/q1.csv")
        ('reports/q_1-c7d8.csv', 'reports/q1.csv')
    """
    return "/".join(_safe_part(part) for part in path.split("/"))


def folder_of(dataset: str) -> str:
    """Return a dataset's folder for artifacts whose name another dataset of the run uses, too.

    Example:
        >>> folder_of("germany.report"), folder_of("a/b")
        ('germany.report', 'a_b-c14c')
    """
    safe = _NOT_IN_FOLDERS.sub("_", dataset)
    return safe if safe == dataset else f"{safe}-{_digest(dataset)}"


def _safe_part(part: str) -> str:
    safe = _ODD.sub("_", part)
    if safe == part:
        return part
    name = PurePosixPath(safe)
    return f"{name.stem}-{_digest(part)}{name.suffix}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:4]

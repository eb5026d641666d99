"""Which MLflow is installed, without importing it."""

from __future__ import annotations

import functools
from importlib import metadata


@functools.cache
def mlflow_version() -> str:
    """Return the version of MLflow, which may be installed as mlflow-skinny only.

    It is cached, because it is needed for each artifact, and MLflow is not imported.
    """
    try:
        return metadata.version("mlflow")
    except metadata.PackageNotFoundError:
        return metadata.version("mlflow-skinny")


def major_minor(version: str) -> tuple[int, int]:
    """Return the first two numbers of a version.

    Example:
        >>> major_minor("3.17.2")
        (3, 17)
    """
    major, minor = version.split(".")[:2]
    return int(major), int(minor)

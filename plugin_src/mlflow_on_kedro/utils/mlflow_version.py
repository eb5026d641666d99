"""Which MLflow is installed, without importing it."""

from __future__ import annotations

import functools
from importlib import metadata


@functools.cache
def mlflow_version() -> str:
    """The version of MLflow, which may be installed as mlflow-skinny alone.

    It is looked up once, because it is asked for each artifact, and without importing MLflow.
    """
    try:
        return metadata.version("mlflow")
    except metadata.PackageNotFoundError:
        return metadata.version("mlflow-skinny")


def major_minor(version: str) -> tuple[int, int]:
    """The first two numbers of a version.

    Example:
        >>> major_minor("3.17.2")
        (3, 17)
    """
    major, minor = version.split(".")[:2]
    return int(major), int(minor)

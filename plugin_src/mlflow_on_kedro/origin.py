"""Where an MLflow dataset has its value from, when that is a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Origin:
    """A value in a run.

    Attributes:
        uri: ``runs:/<run id>/<artifact>``.
        path: The local file or folder to which it was downloaded.
        tracking_uri: The MLflow that has the run, where it is not the pipeline's own.
    """

    uri: str
    path: Path | None = None
    tracking_uri: str | None = None

"""Where an MLflow dataset loads its value from, if that is not a Kedro dataset's file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ValueLocation:
    """The location of a value in MLflow or on the local disk.

    Attributes:
        uri: ``runs:/<run id>/<artifact>``, or a model's URI; None for a value on the local disk.
        path: The local file or folder, or the one that it was downloaded to.
        tracking_uri: The tracking URI, if it is not that of the pipeline's run.
        asked_for: The URI that the user gave, if it can mean another model each time, such as
            ``models:/name@alias``.
        model_id: The id of the logged model that was loaded.
        run_id: The run that has logged it, if known.
    """

    uri: str | None = None
    path: Path | None = None
    tracking_uri: str | None = None
    asked_for: str | None = None
    model_id: str | None = None
    run_id: str | None = None

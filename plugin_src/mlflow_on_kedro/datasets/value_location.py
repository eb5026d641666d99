"""Where an MLflow dataset has its value from, if no other dataset can say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Origin:
    """The place of a value.

    Attributes:
        uri: ``runs:/<run id>/<artifact>`` of a value in a run; None for one on the local disk.
        path: The local file or folder, or that to which it was downloaded.
        tracking_uri: The MLflow that has the run, where it is not the pipeline's own.
        asked_for: The URI that the user gave, where it stands for another one each time, such as
            ``models:/name@alias``.
        model_id: The id of the logged model that was loaded.
    """

    uri: str | None = None
    path: Path | None = None
    tracking_uri: str | None = None
    asked_for: str | None = None
    model_id: str | None = None

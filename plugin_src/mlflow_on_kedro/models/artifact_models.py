"""Log models as artifacts of their run, for servers without logged models, such as MLflow 2."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ..journal.entries import Model
from ..tracking.hidden_tags import HIDDEN, earlier
from ..utils.mlflow_limits import legal_key
from .mlmodel import MLMODEL, with_ids

if TYPE_CHECKING:
    from mlflow import MlflowClient

REGISTER_TAG = f"{HIDDEN}register."
"""The prefix of a run's tag for a model: its name and registration, as JSON."""


def log(client: MlflowClient, run: Any, entry: Model, registration: str | None) -> None:
    """Upload a model's files below its name, where ``runs:/<run id>/<name>`` finds them.

    Args:
        client: A client of the run's store.
        run: MLflow's entity of the run.
        entry: The model's entry.
        registration: The model's registration, as text; None: it is not to be registered.
    """
    run_id, folder = run.info.run_id, Path(entry.path)
    for file in sorted(item for item in folder.rglob("*") if item.is_file()):
        below = PurePosixPath(entry.folder, file.parent.relative_to(folder).as_posix())
        if file != folder / MLMODEL:
            client.log_artifact(run_id, str(file), str(below))
    if registration is not None:
        tag = legal_key(REGISTER_TAG + entry.folder)
        text = json.dumps({"model": entry.folder, "registration": registration})
        client.set_tag(run_id, tag, text, synchronous=True)
    # This file comes last, because it is what makes the folder a model.
    with with_ids(folder / MLMODEL, artifact_path=entry.folder, run_id=run_id) as path:
        client.log_artifact(run_id, str(path), entry.folder)


def registrations(run: Any) -> dict[str, str]:
    """Return the models of a run that are artifacts and are to be registered.

    Args:
        run: MLflow's entity of the run.

    Returns:
        The model's name -> its registration, as text.
    """
    found = {}
    for key, value in run.data.tags.items():
        if key.startswith((REGISTER_TAG, earlier(REGISTER_TAG))):
            try:
                content = json.loads(value)
                found[str(content["model"])] = str(content["registration"])
            except (ValueError, LookupError, TypeError):  # somebody has changed the tag
                found[key.partition(".register.")[2]] = value
    return found

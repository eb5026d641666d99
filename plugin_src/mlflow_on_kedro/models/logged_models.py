"""A model's folder becomes a logged model of MLflow 3: how a ``Model`` entry is delivered."""

from __future__ import annotations

import json
import re
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..journal.entries import Model

if TYPE_CHECKING:
    from mlflow import MlflowClient

ENTRY_TAG = "mlflow_on_kedro.entry"
"""On a logged model: the entry that it was made of, so that delivering it again changes nothing."""
REGISTER_TAG = "mlflow_on_kedro.register"
"""On a logged model: its registration, as text."""
MLMODEL = "MLmodel"
_ENTRY_ID = re.compile(r"[0-9a-f]+")


def entry_of(
    folder: Path,
    name: str,
    *,
    tags: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    model_type: str | None = None,
    step: int = 0,
) -> Model:
    """Make the entry of a model that is saved in a folder.

    Args:
        folder: The folder, with its ``MLmodel`` file.
        name: The model's name in the run.
        tags: Tags of the logged model.
        params: Its parameters, beside the run's.
        model_type: A word of the user's for the kind of model.
        step: The step of the run at which it was made.
    """
    about = {
        "id": secrets.token_hex(12),
        "tags": _texts(tags),
        "params": _texts(params),
        "model_type": model_type,
        "step": step,
    }
    return Model(str(folder), name, json.dumps(about))


def log(client: MlflowClient, run_id: str, entry: Model) -> None:
    """Make a logged model of an entry, or go on with one that an earlier try has left half-done.

    Args:
        client: A client of the run's store.
        run_id: The run.
        entry: The entry.

    Raises:
        ValueError: The entry is damaged.
        Exception: MLflow refuses it or cannot be reached.
    """
    about = json.loads(entry.about)
    if not _ENTRY_ID.fullmatch(str(about["id"])):
        raise ValueError(f"no id of an entry: {about['id']!r}")
    run = client.get_run(run_id)
    found = client.search_logged_models(
        [run.info.experiment_id], filter_string=f"tags.`{ENTRY_TAG}` = '{about['id']}'"
    )
    if found:
        model: Any = found[0]
    else:
        model = client.create_logged_model(
            run.info.experiment_id,
            name=entry.folder,
            source_run_id=run_id,
            tags={**about["tags"], ENTRY_TAG: about["id"]},
            params={**about["params"], **run.data.params},
            model_type=about["model_type"],
        )
    if model.status == "READY":
        return
    client.log_model_artifacts(model.model_id, entry.path)
    _log_identity(client, model, run_id, Path(entry.path) / MLMODEL)
    if model.model_id not in outputs_of(run):
        from mlflow.entities import LoggedModelOutput

        output = LoggedModelOutput(model.model_id, step=int(about["step"]))
        client.log_outputs(run_id, [output])
    client.finalize_logged_model(model.model_id, "READY")


def outputs_of(run: Any) -> list[str]:
    """The ids of the models that a run has made.

    Args:
        run: MLflow's entity of the run.
    """
    outputs = run.outputs
    return [item.model_id for item in outputs.model_outputs] if outputs is not None else []


def _log_identity(client: MlflowClient, model: Any, run_id: str, mlmodel: Path) -> None:
    """Upload the ``MLmodel`` file with the ids that it has only now; the local one stays as it is.

    https://mlflow.org/docs/latest/ml/model/#mlmodel-file
    """
    import yaml

    content = yaml.safe_load(mlmodel.read_text(encoding="utf-8"))
    content |= {
        "artifact_path": model.artifact_location,
        "model_id": model.model_id,
        "model_uuid": model.model_id,
        "run_id": run_id,
    }
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / MLMODEL
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        client.log_model_artifact(model.model_id, str(path))


def _texts(given: Mapping[str, Any] | None) -> dict[str, str]:
    return {_storable(key): _storable(value) for key, value in (given or {}).items()}


def _storable(value: Any) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode()  # no half characters

"""A model's folder becomes a logged model of MLflow 3: how a ``Model`` entry is delivered."""

from __future__ import annotations

import json
import logging
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..journal.entries import Model
from ..journal.entry_lines import storable
from ..journal.snapshot import Snapshot
from ..tracking import capabilities, creating
from ..tracking.capabilities import Feature
from ..tracking.failures import is_invalid, reason
from . import run_models
from .mlmodel import MLMODEL, identified

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

ENTRY_TAG = "mlflow_on_kedro.entry"
"""On a logged model: the entry that it was made of, so that delivering it again changes nothing."""
REGISTER_TAG = "mlflow_on_kedro.register"
"""On a logged model: its registration, as text."""
_ENTRY_ID = re.compile(r"[0-9a-f]+")


def entry_of(
    folder: Path,
    name: str,
    *,
    tags: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    model_type: str | None = None,
    step: int = 0,
    original: Path | None = None,
) -> Model:
    """Make the entry of a model that is saved in a folder.

    Args:
        folder: The folder, with its ``MLmodel`` file.
        name: The model's name in the run.
        tags: Tags of the logged model.
        params: Its parameters, beside the run's.
        model_type: A word of the user's for the kind of model.
        step: The step of the run at which it was made.
        original: Where the folder will lie; until then nobody else writes to it.
    """
    about = {
        "id": secrets.token_hex(12),
        "tags": _texts(tags),
        "params": _texts(params),
        "model_type": model_type,
        "step": step,
    }
    snapshot = Snapshot.from_path(folder, original) if original is not None else None
    return Model(str(folder), name, json.dumps(about), snapshot=snapshot)


def log(
    client: MlflowClient,
    run_id: str,
    entry: Model,
    *,
    again: bool = True,
    raising: bool = False,
) -> None:
    """Make a logged model of an entry, or go on with one that an earlier try has left half-done.

    A server without logged models gets the files as artifacts of the run, which ``runs:/`` loads;
    so does one to which the model's name is not valid.

    Args:
        client: A client of the run's store.
        run_id: The run.
        entry: The entry.
        again: Another process may have tried before, so the model may be there.
        raising: Raise it when the model's name is not valid.

    Raises:
        ValueError: The entry is damaged; nothing has been created for it.
        Exception: MLflow refuses it or cannot be reached.
    """
    about = _checked(entry)
    run = client.get_run(run_id)
    uri = client.tracking_uri
    if capabilities.has(uri, Feature.LOGGED_MODELS):
        try:
            model = _found_or_created(client, run, entry.folder, about, again=again)
        except Exception as error:
            instead = "a model's files are artifacts of its run, which `runs:/` loads"
            if is_invalid(error) and not raising:
                logger.warning(
                    "MLflow did not take '%s' as a model, so its files are plain artifacts of the "
                    "run, below %s: %s",
                    entry.folder,
                    entry.folder,
                    reason(error),
                )
            elif not capabilities.lacks(
                uri, Feature.LOGGED_MODELS, error, instead, lambda: client.get_run(run_id)
            ):
                raise
        else:
            if model.status != "READY":
                _fill(client, run, model, entry, int(about["step"]))
            return
    run_models.log(client, run, entry, about["tags"].get(REGISTER_TAG))


def _checked(entry: Model) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(entry.about)
    if not _ENTRY_ID.fullmatch(str(about["id"])):
        raise ValueError(f"no id of an entry: {about['id']!r}")
    if not (Path(entry.path) / MLMODEL).is_file():
        raise ValueError(f"there is no model: {Path(entry.path) / MLMODEL} is missing")
    return about


def _found_or_created(
    client: MlflowClient, run: Any, name: str, about: Mapping[str, Any], *, again: bool
) -> Any:
    again = again or creating.may_exist(about["id"])
    found = _made_of(client, run, about["id"]) if again else []
    if not found:
        with creating.creating(about["id"], creating.PATIENT_SECONDS):
            model = client.create_logged_model(
                run.info.experiment_id,
                name=name,
                source_run_id=run.info.run_id,
                tags={**about["tags"], ENTRY_TAG: about["id"]},
                params={**about["params"], **run.data.params},
                model_type=about["model_type"],
            )
        if not again:
            return model
        # What an earlier try has asked for may have been made only now.
        found = _made_of(client, run, about["id"]) or [model]
    for twin in found[1:]:
        client.delete_logged_model(twin.model_id)
    creating.note_single(about["id"])
    return found[0]


def _made_of(client: MlflowClient, run: Any, entry_id: str) -> list[Any]:
    """The models that were made of an entry; one that has its files is the first."""
    found = client.search_logged_models(
        [run.info.experiment_id], filter_string=f"tags.`{ENTRY_TAG}` = '{entry_id}'"
    )
    known = outputs_of(run)
    return sorted(
        found,
        key=lambda model: (
            model.status != "READY",
            model.model_id not in known,
            model.creation_timestamp,
            model.model_id,
        ),
    )


def _fill(client: MlflowClient, run: Any, model: Any, entry: Model, step: int) -> None:
    client.log_model_artifacts(model.model_id, entry.path)
    mlmodel = Path(entry.path) / MLMODEL
    with identified(
        mlmodel,
        artifact_path=model.artifact_location,
        model_id=model.model_id,
        model_uuid=model.model_id,
        run_id=run.info.run_id,
    ) as path:
        client.log_model_artifact(model.model_id, str(path))
    if model.model_id not in outputs_of(run):
        _link(client, run.info.run_id, model.model_id, step)
    client.finalize_logged_model(model.model_id, "READY")


def _link(client: MlflowClient, run_id: str, model_id: str, step: int) -> None:
    from mlflow.entities import LoggedModelOutput

    uri = client.tracking_uri
    if not capabilities.has(uri, Feature.MODEL_OUTPUTS):
        return
    try:
        client.log_outputs(run_id, [LoggedModelOutput(model_id, step=step)])
    except Exception as error:
        instead = "a run's page does not list its models"
        if not capabilities.lacks(
            uri, Feature.MODEL_OUTPUTS, error, instead, lambda: client.get_run(run_id)
        ):
            raise


def outputs_of(run: Any) -> list[str]:
    """The ids of the models that a run has made.

    Args:
        run: MLflow's entity of the run.
    """
    outputs = getattr(run, "outputs", None)
    return [item.model_id for item in outputs.model_outputs] if outputs is not None else []


def _texts(given: Mapping[str, Any] | None) -> dict[str, str]:
    return {storable(str(key)): storable(str(value)) for key, value in (given or {}).items()}

"""Deliver ``Model`` entries of the journal: a saved model becomes a logged model of MLflow 3."""

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
from ..tracking.hidden_tags import HIDDEN, value
from . import artifact_models
from .mlmodel import MLMODEL, with_ids

if TYPE_CHECKING:
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)

ENTRY_TAG = f"{HIDDEN}entry"
"""The tag of a logged model with its entry's id, so that delivering it again changes nothing."""
REGISTER_TAG = f"{HIDDEN}register"
"""The tag of a logged model with its registration, as text."""
_ENTRY_ID = re.compile(r"[0-9a-f]+")


def model_entry(
    folder: Path,
    name: str,
    *,
    tags: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    model_type: str | None = None,
    step: int = 0,
    original: Path | None = None,
) -> Model:
    """Make the journal entry of a model that is saved in a folder.

    Args:
        folder: The folder, with its ``MLmodel`` file.
        name: The model's name in the run.
        tags: Tags of the logged model.
        params: Parameters of the logged model, in addition to the run's.
        model_type: MLflow's ``model_type``, any text.
        step: The step of the run at which the model was saved.
        original: The path to which the folder will be moved; until then nobody else writes to it.
    """
    about = {
        "id": secrets.token_hex(12),
        "tags": _to_texts(tags),
        "params": _to_texts(params),
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
    """Create the logged model of an entry, or complete one that an earlier try has begun.

    A server without logged models gets the files as artifacts of the run, which ``runs:/`` URIs can
    load; so does a server that refuses the model's name.

    Args:
        client: A client of the run's store.
        run_id: The run.
        entry: The entry.
        again: Another process may have tried before, so the model may exist.
        raising: Raise the error if the model's name is invalid, instead of logging artifacts.

    Raises:
        ValueError: The entry is damaged; nothing was created for it.
        Exception: MLflow refuses the model or cannot be reached.
    """
    about = _read_about(entry)
    run = client.get_run(run_id)
    uri = client.tracking_uri
    if capabilities.has(uri, Feature.LOGGED_MODELS):
        try:
            model = _find_or_create(client, run, entry.folder, about, again=again)
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
    artifact_models.log(client, run, entry, value(about["tags"], REGISTER_TAG))


def _read_about(entry: Model) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(entry.about)
    if not _ENTRY_ID.fullmatch(str(about["id"])):
        raise ValueError(f"no id of an entry: {about['id']!r}")
    if not (Path(entry.path) / MLMODEL).is_file():
        raise ValueError(f"there is no model: {Path(entry.path) / MLMODEL} is missing")
    return about


def _find_or_create(
    client: MlflowClient, run: Any, name: str, about: Mapping[str, Any], *, again: bool
) -> Any:
    again = again or creating.may_exist(about["id"])
    found = _search(client, run, about["id"]) if again else []
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
        # The server may only now have created what an earlier try has requested.
        found = _search(client, run, about["id"]) or [model]
    for duplicate in found[1:]:
        client.delete_logged_model(duplicate.model_id)
    creating.note_single(about["id"])
    return found[0]


def _search(client: MlflowClient, run: Any, entry_id: str) -> list[Any]:
    """Find the logged models of an entry; one that has its files comes first."""
    found = client.search_logged_models(
        [run.info.experiment_id], filter_string=f"tags.`{ENTRY_TAG}` = '{entry_id}'"
    )
    known = output_model_ids(run)
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
    with with_ids(
        mlmodel,
        artifact_path=model.artifact_location,
        model_id=model.model_id,
        model_uuid=model.model_id,
        run_id=run.info.run_id,
    ) as path:
        client.log_model_artifact(model.model_id, str(path))
    if model.model_id not in output_model_ids(run):
        _link(client, run.info.run_id, model.model_id, step)
    client.finalize_logged_model(model.model_id, "READY")


def _link(client: MlflowClient, run_id: str, model_id: str, step: int) -> None:
    from mlflow.entities import LoggedModelOutput

    uri = client.tracking_uri
    if not capabilities.has(uri, Feature.MODEL_OUTPUTS):
        return
    instead = "a run's page does not list its models"
    with capabilities.pass_over_lack(
        uri, Feature.MODEL_OUTPUTS, instead, lambda: client.get_run(run_id)
    ):
        client.log_outputs(run_id, [LoggedModelOutput(model_id, step=step)])


def output_model_ids(run: Any) -> list[str]:
    """Return the ids of the models that a run has logged as its outputs.

    Args:
        run: MLflow's entity of the run.
    """
    outputs = getattr(run, "outputs", None)
    return [item.model_id for item in outputs.model_outputs] if outputs is not None else []


def _to_texts(given: Mapping[str, Any] | None) -> dict[str, str]:
    return {storable(str(key)): storable(str(value)) for key, value in (given or {}).items()}

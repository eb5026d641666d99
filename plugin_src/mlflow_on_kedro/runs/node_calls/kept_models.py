"""Models that nodes log with MLflow while it does not answer: kept until the node ends.

MLflow makes a logged model first, then uploads its files, then says that it is ready. Here the
files go to a folder, and the run gets the model as an entry of its journal: see
:mod:`mlflow_on_kedro.journal.node_files`.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...config.registration import Registration
from ...journal import node_files
from ...journal.entries import Entry
from ...journal.node_files import MODEL_FIELDS, MODEL_FILES
from ...models.logged_models import ENTRY_TAG, REGISTER_TAG
from . import node_mlflow_calls

if TYPE_CHECKING:
    from ...tracking.tracked_run import TrackedRun
    from .child_runs import ChildRun

_VERSIONS_TAG = "mlflow.modelVersions"
"""MLflow's own, which it sets again when the model is registered."""


@dataclass
class KeptModel:
    """A model that a node logs.

    Attributes:
        run: The run that it belongs to.
        model_id: Its id, MLflow's own if MLflow has made it.
        name: Its name in the run.
        thread: The thread that logs it.
        entry_id: What tells its entry from others when that is delivered.
        experiment_id: Its experiment's id.
        run_id: The id of its run, as the node knows it.
        is_kept: Whether its files are kept here; else MLflow has all of it so far.
        model_type: A word of the user's for the kind of model.
        tags: Tags of the logged model.
        params: Its parameters.
        step: The step of the run at which it was made.
        created_ms: When it was made, in milliseconds since the epoch.
        is_ready: Whether it has all its files.
        is_registered: Whether the node has registered it.
    """

    run: TrackedRun | ChildRun
    model_id: str
    name: str
    thread: str
    entry_id: str = field(default_factory=lambda: secrets.token_hex(12))
    experiment_id: str = node_mlflow_calls.EXPERIMENT
    run_id: str = ""
    model_type: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    step: int = 0
    created_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    is_kept: bool = True
    is_ready: bool = False
    is_registered: bool = False

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        return node_mlflow_calls.folder(self.run) / node_files.MODELS / self.model_id

    def keep(self) -> None:
        """Keep its files here from now on."""
        self.is_kept = True
        self.write_about()

    def write_about(self) -> None:
        """Write down what its entry needs, for a process that dies."""
        (self.folder / MODEL_FILES).mkdir(parents=True, exist_ok=True)
        about = {
            "id": self.entry_id,
            "tags": self.tags,
            "params": self.params,
            "model_type": self.model_type,
            "step": self.step,
            "register_at_once": self.is_registered,
        }
        content = json.dumps({"name": self.name, "about": about})
        (self.folder / MODEL_FIELDS).write_text(content, encoding="utf-8")

    def register(self, name: str) -> None:
        """Have it registered when it is delivered."""
        self.tags[REGISTER_TAG] = Registration(name).to_text()
        self.is_registered = True
        self.write_about()

    def entity(self) -> Any:
        """Make MLflow's ``LoggedModel`` of it."""
        from mlflow.entities import LoggedModel, LoggedModelStatus

        status = LoggedModelStatus.READY if self.is_ready else LoggedModelStatus.PENDING
        return LoggedModel(
            experiment_id=self.experiment_id,
            model_id=self.model_id,
            name=self.name,
            artifact_location=(self.folder / MODEL_FILES).as_uri(),
            creation_timestamp=self.created_ms,
            last_updated_timestamp=self.created_ms,
            model_type=self.model_type,
            source_run_id=self.run_id,
            status=status,
            tags=dict(self.tags),
            params=dict(self.params),
        )


_models: dict[str, KeptModel] = {}


def create(
    run: TrackedRun | ChildRun,
    experiment_id: str,
    name: str | None = None,
    source_run_id: str | None = None,
    tags: Iterable[Any] | None = None,
    params: Iterable[Any] | None = None,
    model_type: str | None = None,
) -> KeptModel:
    """Begin to keep a model; the arguments after the first are those of MLflow's store."""
    model = KeptModel(
        run,
        f"m-{secrets.token_hex(16)}",
        name or "model",
        node_mlflow_calls.thread(),
        experiment_id=experiment_id,
        run_id=source_run_id or "",
        model_type=model_type,
        tags=_as_dict(tags),
        params=_as_dict(params),
    )
    _models[model.model_id] = model
    return model


def remember(model: KeptModel, answer: Any) -> None:
    """Take MLflow's answer: it has made the model, whose files it may not take."""
    _models.pop(model.model_id, None)
    model.model_id, model.name = answer.model_id, answer.name
    model.is_kept = False
    _models[model.model_id] = model


def find(model_id: str) -> KeptModel | None:
    """The model with an id, if a node of this process logs it."""
    return _models.get(model_id)


def finish(model: KeptModel, status: Any) -> None:
    """Take the word that a model is ready, or has failed."""
    from mlflow.entities import LoggedModelStatus

    model.is_ready = LoggedModelStatus(status) == LoggedModelStatus.READY
    if not model.is_ready:
        _models.pop(model.model_id, None)


def add(model: KeptModel, *, tags: Iterable[Any] = (), params: Iterable[Any] = ()) -> None:
    """Add tags and parameters."""
    model.tags.update({k: v for k, v in _as_dict(tags).items() if k != _VERSIONS_TAG})
    model.params.update(_as_dict(params))
    model.write_about()


def ready(run: TrackedRun | ChildRun, *, of_all: bool = False) -> Iterator[tuple[Entry, Path]]:
    """Hand out the entries of the models that this process has logged, and forget them.

    Args:
        run: The run.
        of_all: Whether those of all threads, else those of this thread's node.

    Yields:
        The entry, and the folder that is not needed once it is logged.
    """
    thread = node_mlflow_calls.thread()
    mine = [
        each
        for each in list(_models.values())
        if each.run is run and (of_all or each.thread == thread)
    ]
    for model in mine:
        del _models[model.model_id]
        if model.is_kept and model.is_ready:
            yield from node_files.models(model.folder.parent, model.model_id)


def entry_tag(model: KeptModel) -> Any:
    """The tag by which delivery finds the model that MLflow has made."""
    from mlflow.entities import LoggedModelTag

    return LoggedModelTag(ENTRY_TAG, model.entry_id)


def _as_dict(given: Iterable[Any] | None) -> dict[str, str]:
    if isinstance(given, Mapping):
        return {str(key): str(value) for key, value in given.items()}
    return {item.key: item.value for item in given or ()}

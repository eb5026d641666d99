"""Models that nodes log with MLflow while it does not answer.

MLflow creates a logged model, uploads its files, then marks it as ready. Here the files go to a
folder, and the model becomes an entry of the run's journal when the node ends: see
:mod:`mlflow_on_kedro.journal.node_files`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...config.registration import Registration
from ...journal import node_files
from ...journal.entries import Entry
from ...journal.node_files import MODEL_FIELDS, MODEL_FILES
from ...mlflow_internals.tags import MODEL_VERSIONS
from ...models.logged_models import ENTRY_TAG, REGISTER_TAG
from ...utils.clock import now_ms
from . import placeholder_run
from .placeholder_run import NodeRun


@dataclass
class JournalModel:
    """A model that a node logs.

    Attributes:
        run: The run that it belongs to.
        model_id: Its id: MLflow's if MLflow has created it, else one of the plugin's.
        name: Its name in the run.
        thread: The thread that logs it.
        entry_id: The id of its entry, by which delivery knows it again.
        experiment_id: Its experiment's id.
        run_id: The id of its run, as the node knows it.
        in_journal: Whether its files are in the journal's folder; else MLflow has all so far.
        model_type: The user's word for the kind of model.
        tags: Tags of the logged model.
        params: Its parameters.
        step: The step of the run at which it was made.
        created_ms: When it was created, in milliseconds since the epoch.
        is_ready: Whether it has all its files.
        is_registered: Whether the node has registered it.
    """

    run: NodeRun
    model_id: str
    name: str
    thread: str
    entry_id: str = field(default_factory=lambda: secrets.token_hex(12))
    experiment_id: str = placeholder_run.EXPERIMENT_ID
    run_id: str = ""
    model_type: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    step: int = 0
    created_ms: int = field(default_factory=now_ms)
    in_journal: bool = True
    is_ready: bool = False
    is_registered: bool = False

    @property
    def folder(self) -> Path:
        """The model's folder among the files of its run."""
        return placeholder_run.files_folder(self.run) / node_files.MODELS / self.model_id

    def move_to_journal(self) -> None:
        """Store the model's files in the journal's folder from now on."""
        self.in_journal = True
        self.write_fields()

    def write_fields(self) -> None:
        """Write the fields of the model's entry, in case the process is killed."""
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
        """Have delivery register the model."""
        self.tags[REGISTER_TAG] = Registration(name).to_text()
        self.is_registered = True
        self.write_fields()

    def add(self, *, tags: Iterable[Any] = (), params: Iterable[Any] = ()) -> None:
        """Add MLflow's tags and parameters."""
        # Without the tag that MLflow sets again when delivery registers the model.
        self.tags.update({k: v for k, v in _to_dict(tags).items() if k != MODEL_VERSIONS})
        self.params.update(_to_dict(params))
        self.write_fields()

    def finish(self, status: Any) -> None:
        """Mark the model as ready, or forget it if it has failed."""
        from mlflow.entities import LoggedModelStatus

        self.is_ready = LoggedModelStatus(status) == LoggedModelStatus.READY
        if not self.is_ready:
            _models.pop(self.model_id, None)

    def to_mlflow(self) -> Any:
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

    def entry_tag(self) -> Any:
        """Make the tag by which delivery finds the model if MLflow has created it."""
        from mlflow.entities import LoggedModelTag

        return LoggedModelTag(ENTRY_TAG, self.entry_id)


_models: dict[str, JournalModel] = {}


def create(
    run: NodeRun,
    experiment_id: str,
    name: str | None = None,
    source_run_id: str | None = None,
    tags: Iterable[Any] | None = None,
    params: Iterable[Any] | None = None,
    model_type: str | None = None,
) -> JournalModel:
    """Begin a model; the arguments after the first are those of ``create_logged_model``."""
    model = JournalModel(
        run,
        f"m-{secrets.token_hex(16)}",
        name or "model",
        placeholder_run.thread_name(),
        experiment_id=experiment_id,
        run_id=source_run_id or "",
        model_type=model_type,
        tags=_to_dict(tags),
        params=_to_dict(params),
    )
    _models[model.model_id] = model
    return model


def note_created(model: JournalModel, created: Any) -> None:
    """Note that MLflow has created a model, and under which id; its files may still not arrive."""
    _models.pop(model.model_id, None)
    model.model_id, model.name = created.model_id, created.name
    model.in_journal = False
    _models[model.model_id] = model


def find(model_id: str) -> JournalModel | None:
    """Return the model with an id, if a node of this process logs it."""
    return _models.get(model_id)


def pop_ready(run: NodeRun, *, of_all: bool = False) -> Iterator[tuple[Entry, Path]]:
    """Forget the models that this process has logged to a run; yield the entries of complete ones.

    Args:
        run: The run.
        of_all: Whether those of all threads; else those of this thread's node.

    Yields:
        The entry, and the folder that can be deleted once the entry is logged.
    """
    thread = placeholder_run.thread_name()
    mine = [
        each
        for each in list(_models.values())
        if each.run is run and (of_all or each.thread == thread)
    ]
    for model in mine:
        del _models[model.model_id]
        if model.in_journal and model.is_ready:
            yield from node_files.models(model.folder.parent, model.model_id)


def _to_dict(given: Iterable[Any] | None) -> dict[str, str]:
    if isinstance(given, Mapping):
        return {str(key): str(value) for key, value in given.items()}
    return {item.key: item.value for item in given or ()}

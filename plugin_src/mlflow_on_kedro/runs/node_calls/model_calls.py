"""Calls of MLflow's tracking store about logged models: see :mod:`.store_calls`."""

from __future__ import annotations

import functools
from typing import Any

from ...journal import node_files
from ...tracking import store
from . import journal_models, placeholder_run
from .artifact_diversion import divert_artifacts
from .server_call import call_server
from .store_calls import StoreCall, with_names


def create_model(call: StoreCall, *args: Any, **named: Any) -> Any:
    """Create a logged model.

    The tag with its entry's id lets delivery find one that MLflow has created without answering.
    """
    names = ("experiment_id", "name", "source_run_id", "tags", "params", "model_type")
    arguments = with_names(names, args, named)
    run, run_id = call.run, arguments.get("source_run_id")
    is_in_journal = run_id is not None and call.journal.has(run_id)
    if call.needs_experiment(arguments["experiment_id"]) or is_in_journal:
        return call.to_journal(**arguments)
    is_pipelines = run_id is not None and placeholder_run.is_pipelines_run(run, run_id)
    if not store.is_remote(run.uri) or not is_pipelines:
        return call.to_server_or_journal(**arguments)
    model = journal_models.create(run, **arguments)

    def to_journal() -> Any:
        model.move_to_journal()
        return model.to_mlflow()

    arguments["tags"] = [*(arguments.get("tags") or ()), model.entry_tag()]
    created = call_server(run, functools.partial(call.to_server, **arguments), to_journal)
    if not model.in_journal or created.model_id != model.model_id:
        journal_models.note_created(model, created)
        divert_artifacts(
            run,
            model.model_id,
            created.artifact_location,
            lambda: model.folder / node_files.MODEL_FILES,
            model.move_to_journal,
            is_model=True,
        )
    return created


def change_or_get_model(call: StoreCall, model_id: str, *args: Any, **named: Any) -> Any:
    """Change a logged model, or return it."""
    model = journal_models.find(model_id)
    if model is None:
        return call.to_server(model_id, *args, **named)
    if model.in_journal:
        return call.to_journal(model_id, *args, **named)
    return call.to_server_or_journal(model_id, *args, **named)


def log_outputs(call: StoreCall, run_id: str, models: Any) -> None:
    """Link logged models to a run."""
    to_journal = [
        each
        for each in models
        if (model := journal_models.find(each.model_id)) is not None and model.in_journal
    ]
    to_server = [each for each in models if each not in to_journal]
    run_in_journal = call.journal.has(run_id)
    if to_journal or run_in_journal:
        call.to_journal(run_id, models)
    if to_server and not run_in_journal:
        call_server(
            call.run,
            functools.partial(call.to_server, run_id, to_server),
            functools.partial(call.to_journal, run_id, models),
        )

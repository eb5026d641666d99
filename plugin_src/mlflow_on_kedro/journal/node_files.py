"""Files that nodes have given to MLflow while it does not answer: they lie in a journal's ``own/``.

MLflow may add to them or read them again, so they become entries of the journal when their node
ends, or, of a node that was killed, when the journal is delivered.

=============================  ====================================================================
``own/artifacts/<thread>/``    the artifacts that the node of one thread has logged
``own/models/<model id>/``     ``about.json``: the fields of the model's entry; ``files/``
``own/traces/<trace id>/``     ``trace.json``: what the trace is; ``traces.json``: its spans, as
                               MLflow writes them; ``attachments/``: what is attached to them
=============================  ====================================================================
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from .entries import Entry, File, Model, Trace
from .folder import OWN, Journal
from .writer import writer

ARTIFACTS = "artifacts"
MODELS = "models"
TRACES = "traces"

MODEL_FIELDS = "about.json"
MODEL_FILES = "files"
_MLMODEL = "MLmodel"

TRACE_INFO = "trace.json"
TRACE_SPANS = "traces.json"
TRACE_ATTACHMENTS = "attachments"


def artifacts(place: Path, pattern: str = "*") -> Iterator[tuple[Entry, Path]]:
    """Give the entries of the artifacts in a folder, and their own folders.

    Args:
        place: The folder :data:`ARTIFACTS`.
        pattern: The names of the threads' folders.
    """
    for path in sorted(place.glob(pattern)):
        if any(item.is_file() for item in path.rglob("*")):
            yield File(str(path)), path


def models(place: Path, pattern: str = "*") -> Iterator[tuple[Entry, Path]]:
    """Give the entries of the models in a folder that have all their files, and their own folders.

    Args:
        place: The folder :data:`MODELS`.
        pattern: The models' ids.
    """
    for path in sorted(place.glob(pattern)):
        try:
            content = json.loads((path / MODEL_FIELDS).read_text(encoding="utf-8"))
            name, about = str(content["name"]), json.dumps(content["about"])
        except (OSError, ValueError, LookupError, TypeError):  # a process died while it wrote it
            continue
        if (path / MODEL_FILES / _MLMODEL).is_file():
            yield Model(str(path / MODEL_FILES), name, about), path


def traces(place: Path) -> Iterator[tuple[Entry, Path]]:
    """Give the entries of the traces in a folder that have their spans, and their own folders.

    Args:
        place: The folder :data:`TRACES`.
    """
    for path in sorted(place.glob("*")):
        if (path / TRACE_INFO).is_file() and (path / TRACE_SPANS).is_file():
            yield Trace(str(path)), path


def write_left(journal: Journal) -> None:
    """Make entries of what nodes that were killed have left, once no node writes any more."""
    place = journal.folder / OWN
    found = (*artifacts(place / ARTIFACTS), *models(place / MODELS), *traces(place / TRACES))
    for entry, _ in found:
        writer(journal).append(entry)
    shutil.rmtree(place, ignore_errors=True)

"""Files that nodes log to MLflow themselves while it does not answer: a journal's ``own/``.

MLflow's own code may add to them or read them again. So they become entries of the journal when
their node ends, or, if the node was killed, when the journal is delivered.

=============================  ====================================================================
``own/artifacts/<thread>/``    the artifacts that the node in one thread has logged
``own/models/<model id>/``     ``about.json``: the fields of the model's entry; ``files/``
``own/traces/<trace id>/``     ``trace.json``: the trace's info; ``traces.json``: its spans, as
                               MLflow writes them; ``attachments/``: their attachments
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
    """Yield an entry for each thread's artifacts, and the folder with them.

    Args:
        place: The folder :data:`ARTIFACTS`.
        pattern: The names of the threads' folders.
    """
    for path in sorted(place.glob(pattern)):
        if any(item.is_file() for item in path.rglob("*")):
            yield File(str(path)), path


def models(place: Path, pattern: str = "*") -> Iterator[tuple[Entry, Path]]:
    """Yield an entry for each complete model, and its folder.

    Args:
        place: The folder :data:`MODELS`.
        pattern: The models' ids.
    """
    for path in sorted(place.glob(pattern)):
        try:
            content = json.loads((path / MODEL_FIELDS).read_text(encoding="utf-8"))
            name, about = str(content["name"]), json.dumps(content["about"])
        except (
            OSError,
            ValueError,
            LookupError,
            TypeError,
        ):  # the process that wrote it was killed
            continue
        if (path / MODEL_FILES / _MLMODEL).is_file():
            yield Model(str(path / MODEL_FILES), name, about), path


def traces(place: Path) -> Iterator[tuple[Entry, Path]]:
    """Yield an entry for each trace with spans, and its folder.

    Args:
        place: The folder :data:`TRACES`.
    """
    for path in sorted(place.glob("*")):
        if (path / TRACE_INFO).is_file() and (path / TRACE_SPANS).is_file():
            yield Trace(str(path)), path


def write_leftover_entries(journal: Journal) -> None:
    """Write entries for the files of nodes that were killed, once no node runs any more."""
    place = journal.folder / OWN
    found = (*artifacts(place / ARTIFACTS), *models(place / MODELS), *traces(place / TRACES))
    for entry, _ in found:
        writer(journal).append(entry)
    shutil.rmtree(place, ignore_errors=True)

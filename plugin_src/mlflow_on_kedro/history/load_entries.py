"""``kedro mlflow runs --load``: catalog entries that load from a run what it has saved."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from ..datasets.extensions import EXTENSIONS
from ..errors import MLflowOnKedroError
from ..tracking.finding import name_and_id
from ..utils.clock import local_time
from ..utils.printable import one_line
from ..utils.secrets import without_secrets
from .run_files import RunFiles

if TYPE_CHECKING:
    from ..tracking.finding import Runs

_DATASET = "mlflow_on_kedro.MLflowDataset"
_MODEL = "mlflow_on_kedro.MLflowModelDataset"
_OWN = ("kedro/", "error/")
"""Folders with what the plugin itself has logged."""


def load_entries(runs: Runs, run: Any, catalog: Mapping[str, Any]) -> str:
    """Write the entries of the models and files of a run, as YAML for catalog.yml.

    Args:
        runs: The runs of the project.
        run: MLflow's entity of the run.
        catalog: The project's catalog, in which a dataset of the same name says its type.

    Raises:
        MLflowOnKedroError: The run has neither models nor files that the plugin can load, or MLflow
            cannot be reached.
    """
    import yaml

    found = runs.request(lambda: RunFiles.from_run(runs.client, run))
    run_id = run.info.run_id
    entries: dict[str, Any] = {
        name: {"type": _MODEL, "run_id": run_id} for name in sorted(found.models)
    }
    for file in found.files:
        entry = _entry(file.path, run_id, catalog)
        if entry is not None:
            stem = PurePosixPath(file.path).stem
            if stem in entries:  # a file of the same name in another folder or format, or a model
                entry["dataset_name"] = stem
                stem = _free_name(file.path, entries)
            entries[stem] = entry
    if not entries:
        raise MLflowOnKedroError(
            f"The run {name_and_id(run)} has no model and no file that a catalog entry can load."
        )
    head = f"# The run {one_line(str(run.info.run_name))} of {local_time(run.info.start_time)}\n"
    return head + yaml.safe_dump(
        without_secrets(entries), sort_keys=False, allow_unicode=True
    ).rstrip("\n")


def _free_name(path: str, taken: Collection[str]) -> str:
    """Name an entry by the file's path.

    Example:
        >>> _free_name("test/scores.csv", {"scores"})
        'test_scores_csv'
    """
    name = path.replace("/", "_").replace(".", "_")
    while name in taken:
        name += "_"
    return name


def _entry(path: str, run_id: str, catalog: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the entry that loads a file; None if it is none of a dataset."""
    place = PurePosixPath(path)
    extension = place.suffix.removeprefix(".")
    if path.startswith(_OWN) or path == "gantt.html":
        return None
    given: Any = catalog.get(place.stem) or {}
    if "dataset" in given and str(given.get("type")).startswith("mlflow_on_kedro."):
        entry = {"type": _DATASET, "dataset": given["dataset"]}
    elif extension in EXTENSIONS:
        entry = {"type": _DATASET, "dataset": extension}
    else:
        return None
    if str(place.parent) != ".":
        entry["artifact_path"] = str(place.parent)
    return {**entry, "loading_run_id": run_id}

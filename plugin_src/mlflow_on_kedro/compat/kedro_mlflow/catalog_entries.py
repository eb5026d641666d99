"""Catalog entries of kedro-mlflow, of any version since 0.1, as entries of this plugin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from ...utils.mlflow_limits import model_name
from ...utils.suggestions import did_you_mean
from ..entry_change import Entry, EntryChange, check_mappings
from ..kedro_names import is_type_of, modern

DATASET = "mlflow_on_kedro.MLflowDataset"
MODEL_DATASET = "mlflow_on_kedro.MLflowModelDataset"

_PACKAGE = "kedro_mlflow"
_RUNS = ("loading_run_id", "saving_run_id")
_PARTITIONED = ("PartitionedDataset", "IncrementalDataset")
_CACHED = ("CachedDataset",)
# The name under which MLflow logs a model that is given none.
_MODEL_NAME = "model"


class Rule(NamedTuple):
    """A row of the table: how an entry of one class is translated.

    Attributes:
        type: The class here.
        fixed: Arguments that all entries of the class get.
        renamed: An argument -> the arguments here that get its value.
        dropped: Arguments that the class here does not need.
        mappings: Arguments whose items the function changes.
        finish: A function that changes the rest; it gets the dataset's name and the entry, changes
            the entry, and returns notes.
    """

    type: str
    fixed: Mapping[str, Any] = {}
    renamed: Mapping[str, Sequence[str]] = {}
    dropped: Sequence[str] = ()
    mappings: Sequence[str] = ()
    finish: Callable[[str, Entry], Sequence[str]] = lambda _name, _entry: ()


def translated(name: str, entry: Mapping[str, Any]) -> EntryChange | None:
    """Translate a catalog entry, if it or a dataset inside of it is of kedro-mlflow.

    Args:
        name: The dataset's name, or the pattern of a dataset factory.
        entry: The entry, which is not changed.

    Returns:
        None for an entry without anything of kedro-mlflow.

    Raises:
        ValueError: kedro-mlflow has no such class, and the message names the nearest one; or an
            argument whose items are changed is no mapping.

    Example:
        >>> entry = {"type": "kedro_mlflow.io.metrics.MlflowMetricDataset", "key": "score"}
        >>> translated("result", entry).entry
        {'type': 'mlflow_on_kedro.MLflowDataset', 'dataset': 'm', 'dataset_name': 'score'}
    """
    kind = entry.get("type")
    if isinstance(kind, str) and kind.partition(".")[0] == _PACKAGE:
        return _of_class(name, kind, dict(entry))
    return _with_inner(name, entry)


def _of_class(name: str, kind: str, entry: Entry) -> EntryChange:
    cls = kind.rpartition(".")[2].replace("DataSet", "Dataset")
    rule = RULES.get(cls)
    if rule is None:
        raise ValueError(
            f"kedro-mlflow has no {kind!r}.{did_you_mean(cls, RULES)} Correct the type, or delete "
            f"the entry. It has: {', '.join(RULES)}."
        )
    check_mappings(entry, rule.mappings)
    given = {argument: value for argument, value in modern(entry).items() if argument != "type"}
    found: Entry = {"type": rule.type, **rule.fixed, **given}
    for argument, here in rule.renamed.items():
        value = found.pop(argument, None)
        if value is not None:
            found.update(dict.fromkeys(here, value))
    for argument in rule.dropped:
        found.pop(argument, None)
    notes = rule.finish(name, found)
    return EntryChange(
        {key: value for key, value in found.items() if value is not None or key == "dataset"}, notes
    )


def _with_inner(name: str, entry: Mapping[str, Any]) -> EntryChange | None:
    """Translate an entry of Kedro's with a dataset of kedro-mlflow inside."""
    inner = entry.get("dataset", entry.get("data_set"))
    change = translated(name, inner) if isinstance(inner, Mapping) else None
    if change is None:
        return None
    if is_type_of(entry, _CACHED):  # an MLflow dataset caches by itself
        return change
    outer = modern(entry)
    if is_type_of(entry, _PARTITIONED) and "dataset" in change.entry:
        # The other way round, because the MLflow dataset logs the folder's files.
        own = {key: value for key, value in change.entry.items() if key != "dataset"}
        return EntryChange(
            {**own, "dataset": {**outer, "dataset": change.entry["dataset"]}}, change.notes
        )
    change.entry.setdefault("dataset_name", name)
    return EntryChange({**outer, "dataset": change.entry}, change.notes)


# -- the classes ------------------------------------------------------------------------------


def _artifact(name: str, entry: Entry) -> Sequence[str]:
    inner = entry.get("dataset")
    if not isinstance(inner, Mapping):
        return ()
    change = translated(name, inner)
    if change is not None:
        return _around(entry, change)
    dataset = dict(inner)
    metadata = dataset.pop("metadata", None)
    if metadata is not None:
        for one in (inner, entry):
            check_mappings(one, ["metadata"])
        # Kedro-Viz reads that of the dataset in the catalog.
        entry["metadata"] = {**metadata, **(entry.get("metadata") or {})}
    if dataset.pop("versioned", False):  # so that it has the version of the session
        entry["versioned"] = True
    entry["dataset"] = dataset
    return ()


def _around(entry: Entry, change: EntryChange) -> Sequence[str]:
    """Replace an artifact by the dataset of kedro-mlflow in it."""
    own = {key: value for key, value in entry.items() if key not in {"type", "dataset"}}
    path = change.entry.get("filepath")
    if change.entry["type"] == MODEL_DATASET:
        # The folder was an artifact of its name, which that of the model gives, too.
        named = {"name": model_name(PurePosixPath(str(path)).name)} if path else {}
        own = {**named, **{key: own[key] for key in own.keys() & {"metadata"}}}
    entry.clear()
    entry.update({**change.entry, **own})
    return change.notes


def _metric(name: str, entry: Entry) -> Sequence[str]:
    notes = _keep(name, entry, "load_args", ("step",)) + _keep(
        name, entry, "save_args", ("mode", "step")
    )
    given = entry.get("save_args", {})
    if given.get("step") is not None:  # which the mode did not change
        entry["save_args"] = {"step": given["step"]}
    return notes


def _history(name: str, entry: Entry) -> Sequence[str]:
    entry.pop("save_args", None)  # the value says in which form it is
    entry["load_args"] = {"mode": "list", **(entry.get("load_args") or {})}
    return _keep(name, entry, "load_args", ("mode",))


def _metrics(name: str, entry: Entry) -> Sequence[str]:
    if entry.get("prefix") is None and "{" in name:
        # kedro-mlflow's hook set the catalog's name, which it did not know of a dataset factory.
        entry["prefix"] = ""
    return ()


def _tracked_model(name: str, entry: Entry) -> Sequence[str]:
    notes = _model(name, entry)
    load_args, save_args = dict(entry.get("load_args") or {}), dict(entry.get("save_args") or {})
    entry["model_uri"] = load_args.pop("model_uri", None)
    names = [entry.pop("artifact_path", None), save_args.pop("artifact_path", None)]
    given = save_args.pop("name", None) or names[0] or names[1] or _MODEL_NAME
    entry["name"] = model_name(str(given))
    if entry["name"] != given:
        notes.append(f"'{name}': MLflow allows no model name {given!r}: it is {entry['name']!r}")
    if entry["model_uri"] is not None:
        del entry["name"]  # nothing is saved
    save_args.pop("run_id", None)
    entry["load_args"], entry["save_args"] = load_args or None, save_args or None
    return notes


def _registered_model(name: str, entry: Entry) -> Sequence[str]:
    notes = _model(name, entry)
    model, alias = entry.pop("model_name", None), entry.pop("alias", None)
    version = entry.pop("stage_or_version", None)
    chosen = f"@{alias}" if alias else f"/{version or 'latest'}"
    entry["model_uri"] = f"models:/{model}{chosen}"
    if entry.get("flavor") in {None, "pyfunc"}:
        entry.pop("flavor", None)
        entry["pyfunc"] = True
    return notes


def _model(name: str, entry: Entry) -> list[str]:
    """What all classes of models have."""
    flavor = entry.get("flavor")
    if isinstance(flavor, str):
        entry["flavor"] = flavor.removeprefix("mlflow.")
    if entry.pop("versioned", False):
        return [f"'{name}' is not versioned: each run in MLflow has its own model"]
    return []


def _keep(name: str, entry: Entry, argument: str, known: Sequence[str]) -> list[str]:
    """Keep the known items of an argument."""
    given = entry.pop(argument, None) or {}
    kept = {key: value for key, value in given.items() if key in known and value is not None}
    if kept:
        entry[argument] = kept
    lost = ", ".join(str(key) for key in given if key not in known)
    return [f"'{name}': {argument} of a metric has no {lost}"] if lost else []


_METRIC = {"dataset": "m"}
_NAME_AND_RUNS: Mapping[str, Sequence[str]] = {"key": ("dataset_name",), "run_id": _RUNS}
_ARGS = ("load_args", "save_args")
_ARTIFACT = Rule(DATASET, renamed={"run_id": _RUNS}, finish=_artifact)
_METRICS = Rule(DATASET, _METRIC, {"run_id": _RUNS}, finish=_metrics)
_TRACKED_MODEL = Rule(
    MODEL_DATASET, dropped=("pyfunc_workflow",), mappings=_ARGS, finish=_tracked_model
)
# Kedro itself reserves `version`, and `log_args` was never used.
_UNUSED = ("pyfunc_workflow", "log_args", "version")
_LOCAL_MODEL = Rule(MODEL_DATASET, dropped=_UNUSED, finish=_model)

RULES: Mapping[str, Rule] = {
    "MlflowArtifactDataset": _ARTIFACT,
    "MlflowMetricDataset": Rule(DATASET, _METRIC, _NAME_AND_RUNS, mappings=_ARGS, finish=_metric),
    "MlflowMetricHistoryDataset": Rule(
        DATASET, _METRIC, _NAME_AND_RUNS, mappings=_ARGS[:1], finish=_history
    ),
    "MlflowMetricsHistoryDataset": _METRICS,
    "MlflowModelTrackingDataset": _TRACKED_MODEL,
    "MlflowModelLocalFileSystemDataset": _LOCAL_MODEL,
    "MlflowModelRegistryDataset": Rule(
        MODEL_DATASET, dropped=("pyfunc_workflow",), finish=_registered_model
    ),
    # The names of before 0.12, and of before 0.4.
    "MlflowMetricsDataset": _METRICS,
    "MlflowModelLoggerDataset": _TRACKED_MODEL,
    "MlflowModelSaverDataset": _LOCAL_MODEL,
    "MlflowDataset": _ARTIFACT,
}
"""kedro-mlflow's classes, with the names' present spelling: ``Dataset``, not ``DataSet``."""

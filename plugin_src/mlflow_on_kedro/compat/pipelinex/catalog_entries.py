"""Catalog entries of PipelineX, of any version, as entries of this plugin or of Kedro."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..entry_change import Entry, EntryChange
from ..kedro_names import is_type_of, modern
from .hatch_dict import has_objects
from .names import name_of

_CACHED = ("CachedDataset",)


class Rule(NamedTuple):
    """A row of the table: how an entry of one class is translated.

    Attributes:
        type: The class to use; None: there is none, and the note says what to do.
        dropped: Arguments that the class does not take.
        note: What the user has to know or to do.
    """

    type: str | None = None
    dropped: Sequence[str] = ()
    note: str | None = None


def translated(name: str, entry: Mapping[str, Any]) -> EntryChange | None:
    """Translate a catalog entry, if it or a dataset inside of it is of PipelineX.

    Args:
        name: The dataset's name, or the pattern of a dataset factory.
        entry: The entry, which is not changed.

    Returns:
        None for an entry without anything of PipelineX.

    Raises:
        ValueError: Neither this plugin nor Kedro has such a class; the message says what to do.

    Example:
        >>> translated("model", {"type": "pipelinex.MLflowDataSet", "dataset": "pkl"}).entry
        {'type': 'mlflow_on_kedro.MLflowDataset', 'dataset': 'pkl'}
    """
    kind = entry.get("type")
    cls = name_of(kind) if isinstance(kind, str) else None
    inner = _inner(name, entry)
    if cls is None:
        return _around(entry, inner)
    rule = RULES.get(cls.replace("DataSet", "Dataset"), _UNKNOWN)
    if rule.type is None:
        raise ValueError(f"PipelineX's `{cls}` has no counterpart: {rule.note}.")
    notes = [f"'{name}': {rule.note}"] if rule.note else []
    if has_objects(entry):
        notes.append(
            f"'{name}': Kedro makes no objects of `=:` and `$:` in a catalog: make them in a node"
        )
    found = {key: value for key, value in modern(entry).items() if key not in rule.dropped}
    found["type"] = rule.type
    if inner is not None:
        found["dataset"] = inner.entry
        notes += inner.notes
    return EntryChange(found, notes)


def _inner(name: str, entry: Mapping[str, Any]) -> EntryChange | None:
    """Translate the dataset inside of an entry; it may be given as its class alone."""
    inner = entry.get("dataset", entry.get("data_set"))
    if isinstance(inner, str) and "." in inner:
        return translated(name, {"type": inner})
    return translated(name, inner) if isinstance(inner, Mapping) else None


def _around(entry: Mapping[str, Any], inner: EntryChange | None) -> EntryChange | None:
    """Put a translated dataset back into an entry of Kedro's."""
    if inner is None:
        return None
    if is_type_of(entry, _CACHED) and inner.entry["type"] == _MLFLOW.type:  # caches by itself
        return inner
    found: Entry = {**modern(entry), "dataset": inner.entry}
    if not isinstance(entry.get("dataset", entry.get("data_set")), Mapping):
        found["dataset"] = inner.entry["type"]
    return EntryChange(found, inner.notes)


_MLFLOW = Rule("mlflow_on_kedro.MLflowDataset")
_CSV = "pandas.CSVDataset"
_UNKNOWN = Rule(note="use a class of kedro-datasets, or one of your own")
_FIGURE = Rule(
    note="return the figure from a node, and save it with `type: mlflow_on_kedro.MLflowDataset` "
    "and `dataset: figure`"
)
_TABLE = Rule(
    note="compute the table in a node, and save it with `type: mlflow_on_kedro.MLflowDataset` and "
    "`dataset: csv`"
)
_API = Rule(
    note="`type: api.APIDataset` of kedro-datasets loads one URL; request several, and convert the "
    "answers, in a node"
)

RULES: Mapping[str, Rule] = {
    "MLflowDataset": _MLFLOW,
    "CSVLocalDataset": Rule(_CSV),
    "EfficientCSVLocalDataset": Rule(
        _CSV,
        ("preview_args", "margin", "verbose"),
        "pandas chooses the types of columns; `load_args: {dtype: …}` names smaller ones",
    ),
    "FixedWidthCSVDataset": Rule(
        _CSV,
        ("enable_fixed_width", "num_decimal_places"),
        "columns are not padded; `save_args: {float_format: '%.9f'}` sets the decimal places",
    ),
    "APIDataset": _API,
    "AsyncAPIDataset": _API,
    "HistgramDataset": _FIGURE,
    "SeabornPairPlotDataset": _FIGURE,
    "PandasCatMatrixDataset": _TABLE,
    "PandasDescribeDataset": _TABLE,
    "PandasProfilingDataset": Rule(
        note="make the report in a node as a text of HTML, and save it with `type: "
        "mlflow_on_kedro.MLflowDataset` and `dataset: html`"
    ),
    "ImagesLocalDataset": Rule(
        note="`type: partitions.PartitionedDataset` with `dataset: pillow.ImageDataset` loads and "
        "saves a folder of Pillow's images; convert them to arrays in a node"
    ),
    "OpenCVImagesLocalDataset": Rule(
        note="`type: pillow.ImageDataset` loads and saves one of Pillow's images; convert it to an "
        "array in a node"
    ),
    "IterableImagesDataset": Rule(
        note="make the `torchvision.datasets.ImageFolder` in a node, with its folder as a parameter"
    ),
}
"""PipelineX's classes, with the names' present spelling: ``Dataset``, not ``DataSet``."""

"""Names that Kedro's own datasets and their arguments had in releases before 1.0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .entry_change import check_mappings

_PREFIXES = ("kedro.extras.datasets.", "kedro_datasets.", "kedro.io.")
# A class of another package keeps its name, also one like `my_package.MyDataSet`.
_MODULES = frozenset(
    {
        *("api", "biosequence", "dask", "databricks", "email", "geopandas", "holoviews", "ibis"),
        *("huggingface", "json", "matlab", "matplotlib", "networkx", "openxml", "pandas"),
        *("partitions", "pickle", "pillow", "plotly", "polars", "redis", "snowflake", "spark"),
        *("svmlight", "tensorflow", "text", "tracking", "video", "yaml"),
    }
)
_RENAMED = {
    "IncrementalDataset": "partitions.IncrementalDataset",
    "PartitionedDataset": "partitions.PartitionedDataset",
    "matplotlib.MatplotlibWriter": "matplotlib.MatplotlibDataset",
}
_VIZ = "kedro-viz"


def current_type(kind: str) -> str:
    """Return the present name of a dataset's class; of another package, the name that is given.

    Example:
        >>> current_type("kedro.extras.datasets.pandas.CSVDataSet")
        'pandas.CSVDataset'
    """
    short = next((kind.removeprefix(p) for p in _PREFIXES if kind.startswith(p)), kind)
    module, _, _ = short.rpartition(".")
    if short == kind and module and module.partition(".")[0] not in _MODULES:
        return kind
    short = short.replace("DataSet", "Dataset")
    return _RENAMED.get(short, short)


def is_type_of(entry: Mapping[str, Any], names: Sequence[str]) -> bool:
    """Whether the class of a catalog entry has one of these names, whatever its spelling."""
    return str(entry.get("type")).rpartition(".")[2].replace("DataSet", "Dataset") in names


def is_of_before_1_0(entry: Mapping[str, Any]) -> bool:
    """Whether a catalog entry has names that Kedro 1.0 refuses, also inside of it.

    Example:
        >>> is_of_before_1_0({"type": "pandas.CSVDataSet"}), is_of_before_1_0({"layer": "x"})
        (True, False)
    """
    kind = entry.get("type")
    if not isinstance(kind, str):
        return False
    inner = entry.get("dataset", entry.get("data_set"))
    inner = {"type": inner} if isinstance(inner, str) else inner
    is_old_class = current_type(kind) != kind and (
        "DataSet" in kind or kind.startswith(_PREFIXES[0]) or is_type_of(entry, tuple(_RENAMED))
    )
    return (
        is_old_class
        or "layer" in entry
        or "data_set" in entry
        or (isinstance(inner, Mapping) and is_of_before_1_0(inner))
    )


def modern(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a catalog entry with the present names of classes and arguments, also inside of it.

    Raises:
        ValueError: ``metadata``, which the ``layer`` is to be put into, is no mapping.

    Example:
        >>> modern({"type": "pickle.PickleDataSet", "layer": "raw"})["metadata"]
        {'kedro-viz': {'layer': 'raw'}}
    """
    found = {("dataset" if key == "data_set" else key): value for key, value in entry.items()}
    if isinstance(found.get("type"), str):
        found["type"] = current_type(found["type"])
    inner = found.get("dataset")
    if isinstance(inner, Mapping):
        found["dataset"] = modern(inner)
    elif isinstance(inner, str):
        found["dataset"] = current_type(inner)
    layer = found.pop("layer", None)
    if layer is not None:
        check_mappings(found, ["metadata"])
        metadata = dict(found.get("metadata") or {})
        check_mappings(metadata, [_VIZ])
        metadata[_VIZ] = {"layer": layer, **(metadata.get(_VIZ) or {})}
        found["metadata"] = metadata
    return found

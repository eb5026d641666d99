"""The names that ``dataset:`` takes: a wrong one is refused, and each has its file suffix."""

from __future__ import annotations

import difflib
from pathlib import PurePath
from typing import Any

from kedro.io import DatasetError

from .extensions import EXTENSIONS
from .formats import AnyDataset
from .value_kinds import VALUE_KINDS

# The suffix for ``dataset: {type: ...}``, by the name of the class: that of the first extension
# with this class, or, for classes without an extension here, the usual one.
_SUFFIXES = {
    "GMLDataset": ".gml",
    "GraphMLDataset": ".graphml",
    "HDFDataset": ".h5",
    "MatlabDataset": ".mat",
    "MatplotlibWriter": ".png",
    "SVMLightDataset": ".svm",
    "XMLDataset": ".xml",
    **{
        form.type.rpartition(".")[2]: backend.suffix
        for backend in reversed(list(EXTENSIONS.values()))
        for form in backend.formats
    },
}

WORDS = {"metric": "m", "param": "p", "auto": "a", "artifact": "pkl"}
"""Words that ``dataset:`` takes, too, and what they are short or long for."""

_SYNONYMS = {
    **dict.fromkeys(("metrics", "number", "float", "int", "score", "scalar"), "m"),
    **dict.fromkeys(("params", "parameter", "parameters"), "p"),
    **dict.fromkeys(("any", "automatic"), "a"),
    **dict.fromkeys(("dataframe", "frame", "pandas"), "table"),
    **dict.fromkeys(("str", "string"), "text"),
    **dict.fromkeys(("plot", "fig", "chart"), "figure"),
    **dict.fromkeys(("image", "picture", "photo"), "img"),
    **dict.fromkeys(("jsonlines", "ndjson"), "jsonl"),
    "excel": "xlsx",
    "markdown": "md",
}
"""What users may write for an extension; error messages suggest the right one."""
_MEANINGS = {"m": "metric", "p": "parameter", "a": "by type"}
_MODEL_WORDS = frozenset({"model", "sklearn", "pyfunc", "mlflow"})


def canonical(dataset: Any) -> Any:
    """Return what a word of :data:`WORDS` stands for; anything else unchanged.

    Example:
        >>> canonical("metric"), canonical("csv")
        ('m', 'csv')
    """
    return WORDS.get(dataset, dataset) if isinstance(dataset, str) else dataset


def check_extension(name: str) -> None:
    """Raise an error for an unknown extension.

    Args:
        name: The value of ``dataset:``.

    Raises:
        DatasetError: The name is in none of `EXTENSIONS`, `VALUE_KINDS` and `WORDS`; the message
            lists the known names, the nearest first.
    """
    known = [*EXTENSIONS, *VALUE_KINDS, *WORDS]
    if name in known:
        return
    wanted = name.lower().lstrip(".")
    meant = _SYNONYMS.get(wanted)
    # The longest names win ties, so that "p", "m" and "a" do not come first for every word.
    known.sort(key=lambda k: (k == meant, difflib.SequenceMatcher(None, wanted, k).ratio(), len(k)))
    nearest_first = ", ".join(reversed(known))
    meaning = f" ({_MEANINGS[meant]})" if meant in _MEANINGS else ""
    question = f" Did you mean {meant!r}{meaning}?" if meant is not None else ""
    if wanted in _MODEL_WORDS:
        question = " For a model the entry is {type: mlflow_on_kedro.MLflowModelDataset}."
    raise DatasetError(
        f"dataset: {name!r} is not a known extension.{question} Known, the nearest first: "
        f"{nearest_first}. "
        "For anything else give a Kedro dataset: {type: pandas.ParquetDataset, ...}"
    )


def suffix_of(dataset: str | dict[str, Any] | AnyDataset | None) -> str:
    """Return the file suffix for a ``dataset:`` argument, with its dot.

    Args:
        dataset: An extension, the dict of a catalog entry, or a Kedro dataset.

    Returns:
        "" for a value that MLflow itself stores (``p``, ``m``, ``a``), for a folder, and where the
        suffix is unknown.

    Raises:
        DatasetError: The extension is unknown.

    Example:
        >>> suffix_of("img"), suffix_of({"type": "pandas.ParquetDataset"})
        ('.png', '.parquet')
    """
    dataset = canonical(dataset)
    if isinstance(dataset, str):
        check_extension(dataset)
        return EXTENSIONS[dataset].suffix if dataset in EXTENSIONS else ""
    if not isinstance(dataset, dict):
        return _SUFFIXES.get(type(dataset).__name__, "")
    if "filepath" in dataset:
        return PurePath(str(dataset["filepath"])).suffix
    cls = dataset.get("type")
    name = cls.rpartition(".")[2] if isinstance(cls, str) else getattr(cls, "__name__", "")
    return _SUFFIXES.get(name.replace("DataSet", "Dataset"), "")

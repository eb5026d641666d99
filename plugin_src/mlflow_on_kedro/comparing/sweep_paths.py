"""The catalog of a combination of a sweep, as the project has it outside of the sweep.

A combination saves in a folder of its own, ``.mlflow_on_kedro/sweeps/<sweep>/0001/``, with the
project's paths below it. That its paths are other ones explains no other results.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_OWN_FOLDER = re.compile(r"^(?:.*/)?\.mlflow_on_kedro/sweeps/[^/]+/[^/]+/")
_KEPT_VALUE = ".sweeps.kept_value.KeptValue"


def as_outside_of_sweeps(catalog: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a recorded catalog with the project's own paths, and without a sweep's own entries.

    Args:
        catalog: The content of ``kedro/catalog.yml``; None: it is not recorded.

    Example:
        >>> entry = {"type": "T", "filepath": ".mlflow_on_kedro/sweeps/s1/0003/data/model.pkl"}
        >>> as_outside_of_sweeps({"model": entry})
        {'model': {'type': 'T', 'filepath': 'data/model.pkl'}}
    """
    if catalog is None:
        return None
    patterns = [name for name in catalog if "{" in name]
    found = {}
    for name, entry in catalog.items():
        if not isinstance(entry, Mapping) or str(entry.get("type")).endswith(_KEPT_VALUE):
            continue
        moved = _with_project_paths(entry)
        # The sweep has made an entry for each dataset that a pattern of the catalog describes.
        if moved != entry and any(_fits(pattern, name) for pattern in patterns):
            continue
        found[name] = moved
    return found


def _fits(pattern: str, name: str) -> bool:
    fixed = map(re.escape, re.split(r"\{[^}]*\}", pattern))
    return re.fullmatch(".+".join(fixed), name) is not None


def _with_project_paths(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_project_paths(item) for key, item in value.items()}
    if isinstance(value, str):
        return _OWN_FOLDER.sub("", value.replace("\\", "/")) if "sweeps" in value else value
    return value

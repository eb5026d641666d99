"""Reads the files below ``kedro/`` in a run's artifacts: from text to what :class:`RunFacts` has.

The texts come from a server, and may be of an older version of the plugin or damaged; then that
part counts as not recorded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..provenance import files
from ..utils.nested import flatten
from .chosen_nodes import CHOICES, NODE
from .run_facts import CodeFacts
from .sweep_paths import as_outside_of_sweeps

_NO_YAML = re.compile(r"^# (?P<name>.+): no YAML, so it is written as its repr\.$", re.MULTILINE)
_PACKAGE = re.compile(r"^(?:# )?(?P<name>[A-Za-z0-9][\w.\-]*)(?:==| @ |:)")
_CHOSEN = (*CHOICES, "env", "conf_source", "load_versions")
"""What was chosen to run, in ``kedro/environment.json``."""


def parsed(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of :class:`.RunFacts` that the files have.

    Args:
        texts: The path of each file among the run's artifacts -> its content.
    """
    environment = json_of(texts.get(files.ENVIRONMENT))
    graph = json_of(texts.get(files.PIPELINE))
    parameters = texts.get(files.PARAMETERS)
    whole = yaml_of(parameters)
    catalog = as_outside_of_sweeps(yaml_of(texts.get(files.CATALOG)))
    loaded = [json_of(texts[path]) for path in sorted(texts) if _is_loaded(path)]
    packages = texts.get(files.PACKAGES)
    found: dict[str, Any] = {
        "parameters": None if whole is None else dict(flatten("", whole)) if whole else {},
        "parameters_whole": _without(whole or {}, _objects_in(parameters or "")),
        "catalog": None if catalog is None else dict(flatten("", catalog)) if catalog else {},
        "catalog_whole": catalog or {},
        "graph": graph or {},
        "pipeline": None if graph is None else _pipeline(graph, environment or {}),
        "packages": None if packages is None else dict(_packages(packages)),
        "loaded": _loaded(loaded),
    }
    if environment is not None:
        found |= {
            "command": str(environment.get("command") or ""),
            "environment": _environment(environment),
            "code": _code(_section(environment, "git"), texts.get(files.CODE)),
        }
    return found


def json_of(text: str | None) -> dict[str, Any] | None:
    """Read a JSON object; None: there is none."""
    if text is None:
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def yaml_of(text: str | None) -> dict[str, Any] | None:
    """Read a mapping in YAML; None: there is none, or it was left out."""
    import yaml

    if text is None or text.startswith("# Left out"):
        return None
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content = yaml.load(text, loader)  # noqa: S506 - a safe one
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else {} if content is None else None


def _is_loaded(path: str) -> bool:
    return path == files.LOADED or path.startswith(f"{files.LOADED.removesuffix('.json')}/")


def _loaded(contents: list[dict[str, Any] | None]) -> dict[str, Mapping[str, Any]] | None:
    sections = [_section(content or {}, "datasets") for content in contents]
    found = {name: item for section in sections for name, item in section.items()}
    return {name: item for name, item in found.items() if isinstance(item, dict)} or None


def _section(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = content.get(name)
    return section if isinstance(section, dict) else {}


def _objects_in(text: str) -> set[str]:
    return {match["name"] for match in _NO_YAML.finditer(text.partition("\n\n")[0])}


def _without(content: Mapping[str, Any], names: set[str], above: str = "") -> dict[str, Any]:
    """Copy nested dicts without some values, and without lists that contain one of them."""
    kept: dict[str, Any] = {}
    for key, value in content.items():
        name = f"{above}{key}"
        has_object = isinstance(value, list) and any(x.startswith(f"{name}.") for x in names)
        if name in names or has_object:
            continue
        kept[key] = _without(value, names, f"{name}.") if isinstance(value, dict) else value
    return kept


def _pipeline(graph: Mapping[str, Any], environment: Mapping[str, Any]) -> dict[str, Any]:
    nodes = [node for node in graph.get("nodes") or [] if isinstance(node, dict)]
    found = {f"{NODE}{node.get('name')}": _node(node) for node in nodes}
    chosen = _section(environment, "kedro")
    return found | {name: chosen[name] for name in _CHOSEN if chosen.get(name)}


def _node(node: Mapping[str, Any]) -> str:
    inputs, outputs = (_names(node.get(key)) for key in ("inputs", "outputs"))
    return f"{node.get('func')}({inputs}) -> {outputs or 'nothing'}"


def _names(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={name}" for key, name in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _packages(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        found = _PACKAGE.match(line)
        if found:
            yield found["name"].lower(), line


def _environment(content: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(flatten("", {"python": _section(content, "python")}))
    found |= dict(flatten("", {"platform": _section(content, "platform")}))
    hardware = _section(content, "hardware")
    gpus = hardware.get("gpus")
    if isinstance(gpus, list):
        hardware = {**hardware, "gpus": [_gpu(gpu) for gpu in gpus] or "none"}
    found |= dict(flatten("", hardware))
    return {name: value for name, value in found.items() if value not in (None, {})}


def _gpu(gpu: Any) -> str:
    if not isinstance(gpu, dict):
        return str(gpu)
    return f"{gpu.get('name')} (driver {gpu.get('driver')})"


def _code(git: Mapping[str, Any], diff: str | None) -> CodeFacts | None:
    if not git.get("commit"):
        return None
    left_out = git.get("not_in_diff")
    untracked = git.get("untracked")
    dirty = git.get("dirty")
    # Without a diff either only files that git does not track made it dirty, or none was recorded.
    no_diff = "" if dirty is False or untracked else None
    return CodeFacts(
        commit=str(git["commit"]),
        branch=str(git.get("branch") or ""),
        remote=str(git.get("remote") or ""),
        root=str(git.get("root") or ""),
        dirty=dirty if isinstance(dirty, bool) else None,
        diff=diff if diff is not None else no_diff,
        untracked=[str(name) for name in untracked] if isinstance(untracked, list) else [],
        left_out={str(key): str(value) for key, value in left_out.items()}
        if isinstance(left_out, dict)
        else {},
        is_cut=bool(git.get("diff_cut")),
        is_masked=bool(git.get("diff_masked")),
    )

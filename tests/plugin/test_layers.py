"""The plugin's packages lie in layers: an import leads down, also one that is for a type only."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import mlflow_on_kedro
import pytest

ROOT = Path(mlflow_on_kedro.__file__).parent

LAYERS = (
    "errors",
    "utils",
    "compat",
    "config",
    "journal",
    "mlflow_internals",
    "tracking",
    "timeline",
    "provenance",
    "models",
    "prompts",
    "observability",
    "delivery",
    "runs",
    "evaluation",
    "datasets",
    "inputs",
    "pipeline_models",
    "history",
    "comparing",
    "rerunning",
    "notebook",
    "hooks",
    "clusters",
    "sweeps",
    "vendoring",
    "commands",
    "cli",
)
"""From the bottom to the top: docs/architecture.md says what each is."""


def name_of(path: Path) -> str:
    """A module's name within the plugin; a package is known by its own."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in ROOT.rglob("*.py") if path.parent != ROOT} | {
    name: ROOT / f"{name}.py" for name in ("errors", "cli")
}


def imports(module: str) -> Iterator[str]:
    """The plugin's modules that a module imports, wherever in its text that stands."""
    path = MODULES[module]
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or node.level == 0:
            continue
        base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
        start = ".".join(part for part in base if part)
        for alias in node.names:
            full = f"{start}.{alias.name}".lstrip(".")
            yield full if full in MODULES else start


def layer(module: str) -> int:
    """The layer of a module, counted from the bottom."""
    return LAYERS.index(module.partition(".")[0])


def test_beside_the_packages() -> None:
    """Beside the packages are the public names, the errors and the commands alone."""
    assert sorted(path.name for path in ROOT.glob("*.py")) == ["__init__.py", "cli.py", "errors.py"]
    assert {module.partition(".")[0] for module in MODULES} == set(LAYERS)


@pytest.mark.parametrize("package", LAYERS)
def test_imports_lead_down(package: str) -> None:
    """No module imports one of a layer above its own, or the plugin as a whole."""
    upwards = [
        f"{module} imports {found or 'the whole plugin'}"
        for module in MODULES
        if module.partition(".")[0] == package
        for found in imports(module)
        if not found or layer(found) > layer(module)
    ]
    assert upwards == []


def test_no_circles() -> None:
    """No module imports itself by way of others."""
    graph = {module: set(imports(module)) - {module} for module in MODULES}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        pytest.fail(f"{circle}: move what they share to a module that all of them import")

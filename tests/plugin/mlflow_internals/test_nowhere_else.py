"""Nothing but this package uses what MLflow does not document."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import mlflow_on_kedro

ROOT = Path(mlflow_on_kedro.__file__).parent
DOCUMENTED = {
    "mlflow",
    "mlflow.artifacts",
    "mlflow.entities",
    "mlflow.entities.model_registry",
    "mlflow.exceptions",
    "mlflow.genai",
    "mlflow.genai.datasets",
    "mlflow.genai.scorers",
    "mlflow.models",
    "mlflow.pyfunc",
    "mlflow.types.schema",
}
"""The modules that MLflow's documentation names, as far as the plugin needs them."""
SOURCES = [path for path in ROOT.rglob("*.py") if path.parent.name != "mlflow_internals"]


def imports(tree: ast.AST) -> Iterator[tuple[str, str, str]]:
    """The modules of MLflow that are imported, what of them, and under which name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                yield node.module or "", alias.name, alias.asname or alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, "", alias.asname or alias.name.partition(".")[0]


def dotted(node: ast.AST) -> str:
    """An expression such as ``mlflow.tracking.fluent``; "" for any other."""
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""


def undocumented(source: str) -> list[str]:
    """What a source uses of MLflow that MLflow's documentation does not have."""
    tree = ast.parse(source)
    of_mlflow = [item for item in imports(tree) if item[0].partition(".")[0] == "mlflow"]
    found = [
        f"{module}.{name}"
        for module, name, _ in of_mlflow
        if module not in DOCUMENTED or name.startswith("_")
    ]
    names = {name for _, _, name in of_mlflow}
    for node in ast.walk(tree):
        chain = dotted(node) if isinstance(node, ast.Attribute) else ""
        first, *rest = chain.split(".")
        is_private = any(part.startswith("_") and not part.endswith("__") for part in rest)
        if first in names and (is_private or chain.startswith("mlflow.tracking")):
            found.append(chain)
    return found


def test_it_is_found() -> None:
    """The test itself finds imports and attributes, wherever they stand."""
    assert undocumented("import mlflow.utils") == ["mlflow.utils."]
    assert undocumented("def f():\n    from mlflow.tracking import fluent") != []
    assert undocumented("from mlflow.entities import _x") != []
    assert undocumented("import mlflow\nmlflow._x") == ["mlflow._x"]
    assert undocumented("from mlflow.entities import Run\nRun._x()") == ["Run._x"]
    assert undocumented("import mlflow\nmlflow.tracking.fluent.x") != []
    assert undocumented("import mlflow\nfrom mlflow import MlflowClient\nmlflow.log_metric") == []


def test_nowhere_else() -> None:
    """No module beside this package imports or reads an undocumented name of MLflow."""
    used = {
        path.relative_to(ROOT).as_posix(): found
        for path in SOURCES
        if (found := undocumented(path.read_text(encoding="utf-8")))
    }
    assert used == {}


def test_lint_exceptions() -> None:
    """No module reads a private attribute of any object, but of its own class and Kedro's."""
    excepted = {
        path.relative_to(ROOT).as_posix()
        for path in SOURCES
        for line in path.read_text(encoding="utf-8").splitlines()
        if "SLF001" in line and "of the same class" not in line
    }
    assert excepted <= {"utils/kedro_internals.py"}

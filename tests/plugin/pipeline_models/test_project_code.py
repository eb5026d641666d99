"""Which code a model carries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow_on_kedro.pipeline_models import project_code
from mlflow_on_kedro.pipeline_models.project_code import needed_code

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """A function that writes a file of a source folder, which Python imports from."""
    monkeypatch.syspath_prepend(str(tmp_path / "src"))

    def write_(path: str, text: str) -> Path:
        file = tmp_path / "src" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    return write_


def carried(package: str, *others: str) -> set[str]:
    """The names of what is carried."""
    return {path.name for path in needed_code(package, others).included}


def test_what_lies_beside(write: Write) -> None:
    """Modules beside the package are carried if it imports them, also indirectly; no others."""
    write("acme/__init__.py", "")
    write("acme/nodes/deep.py", "from helpers.more import x\nimport json, numpy.linalg\n")
    write("acme/broken.py", "this is no Python")
    write("helpers/__init__.py", "def f():\n    import single\n")
    write("single.py", "from . import acme\n")
    write("unused.py", "")
    found = needed_code("acme")
    assert {path.name for path in found.included} == {"acme", "helpers", "single.py"}
    assert found.imported == {"numpy"}


def test_the_plugin(write: Write) -> None:
    """A copied plugin is carried only where other code than the settings imports it."""
    write("acme/__init__.py", "")
    write("acme/settings.py", "import mlflow_on_kedro_copy\nimport pandas\n")
    write("mlflow_on_kedro_copy/__init__.py", "")
    assert carried("acme") == {"acme"}
    assert needed_code("acme").imported == frozenset()
    write("acme/nodes.py", "from mlflow_on_kedro_copy import x\n")
    assert carried("acme") == {"acme", "mlflow_on_kedro_copy"}


def test_others(write: Write) -> None:
    """What nodes use from outside the package is carried, or required if pip has installed it."""
    write("acme/__init__.py", "")
    write("elsewhere.py", "")
    found = needed_code("acme", ["elsewhere", "sklearn", "builtins", "not_there"])
    assert {path.name for path in found.included} == {"acme", "elsewhere.py"}
    assert found.imported == {"sklearn", "not_there"}


def test_an_installed_project(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a project that is a wheel, what was installed with it is carried, no other package."""
    write("site-packages/acme/__init__.py", "import with_it, numpy, other\n")
    write("site-packages/with_it/__init__.py", "")
    other = write("site-packages/other/__init__.py", "")
    monkeypatch.syspath_prepend(str(other.parents[1]))
    owners = {"acme": ["acme-wheel"], "with_it": ["acme-wheel"], "other": ["other"]}
    monkeypatch.setattr(project_code.metadata, "packages_distributions", lambda: owners)
    found = needed_code("acme")
    assert {path.name for path in found.included} == {"acme", "with_it"}
    assert found.imported == {"numpy", "other"}

"""A template of its own for these tests, as a git repository, and projects generated from it once.

Nothing here relies on this checkout being a git repository, and nothing touches the user's
cookiecutter folders.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_cookies.plugin import Cookies, Result

from .commands import OLD_LINE, OLD_TAG, REPOSITORY, TEMPLATE_PARTS, Bake, Template, cookiecutter


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker of tests that install from the package index."""
    config.addinivalue_line("markers", "slow: installs packages, which takes a minute or more")


@pytest.fixture(scope="session", autouse=True)
def _no_traces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep cookiecutter's folders, telemetry and the user's MLflow settings out of these tests."""
    home = tmp_path_factory.mktemp("cookiecutter")
    config = home / "config.yml"
    config.write_text(
        f"cookiecutters_dir: '{home / 'cookiecutters'}'\nreplay_dir: '{home / 'replay'}'\n",
        encoding="utf-8",
    )
    patch = pytest.MonkeyPatch()
    for name in [name for name in os.environ if name.startswith(("MLFLOW_", "KEDRO_"))]:
        patch.delenv(name)
    patch.setenv("COOKIECUTTER_CONFIG", str(config))
    patch.setenv("DO_NOT_TRACK", "1")
    patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    # One line a message, so that messages can be looked for.
    patch.setenv("COLUMNS", "1000")
    patch.setenv("PYTHONIOENCODING", "utf-8")
    yield
    patch.undo()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Copy the template into a git repository with two commits; the first has an older plugin."""
    folder = tmp_path_factory.mktemp("repository") / "template"
    folder.mkdir()
    for part in TEMPLATE_PARTS:
        source = REPOSITORY / part
        if source.is_dir():
            # Caches only: the template has hidden files too.
            ignore = shutil.ignore_patterns(
                "__pycache__", ".*_cache", "*.egg-info", "build", "dist"
            )
            shutil.copytree(source, folder / part, ignore=ignore)
        else:
            shutil.copy(source, folder / part)
    template = Template(folder)
    plugin = folder / "plugin_src" / "mlflow_on_kedro" / "__init__.py"
    newest = plugin.read_bytes()
    plugin.write_bytes(newest + OLD_LINE)
    template.git("init", "--quiet", "--initial-branch=main")
    template.git("add", "--all")
    template.git("commit", "--quiet", "--message=First version")
    template.git("tag", OLD_TAG)
    plugin.write_bytes(newest)
    template.git("commit", "--quiet", "--all", "--message=Second version")
    return template


@pytest.fixture(scope="session")
def example(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate a project with the example; tests that change it work on a copy."""
    output = tmp_path_factory.mktemp("example")
    cookiecutter(template.folder, "--no-input", "project_name=Wine Cellar", cwd=output)
    return output / "wine-cellar"


@pytest.fixture(scope="session")
def museum(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate a project with the example of a language model."""
    output = tmp_path_factory.mktemp("museum")
    values = ("project_name=Museum", "example=llm")
    cookiecutter(template.folder, "--no-input", *values, cwd=output)
    return output / "museum"


@pytest.fixture(scope="session")
def wiring(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate a project without the example, under a name that is hard to write down."""
    output = tmp_path_factory.mktemp("wiring")
    name = 'project_name=Nur "Kabel" #1: Ж \\ 🚀'
    cookiecutter(template.folder, "--no-input", name, "example=no", cwd=output)
    return output / "nur-kabel-1-zh"


@pytest.fixture
def copied(example: Path, tmp_path: Path) -> Path:
    """Copy the generated project, for a test that changes it."""
    return Path(shutil.copytree(example, tmp_path / example.name))


@pytest.fixture
def bake(template: Template, monkeypatch: pytest.MonkeyPatch, cookies: Cookies) -> Iterator[Bake]:
    """Generate with pytest-cookies, which renders the context outside cookiecutter's own path."""
    monkeypatch.syspath_prepend(str(template.folder))
    # Modules of other templates by this name must not be found, nor this one afterwards.
    monkeypatch.delitem(sys.modules, "template_root", raising=False)

    def bake(**values: object) -> Result:
        return cookies.bake(extra_context=values, template=str(template.folder))

    yield bake
    sys.modules.pop("template_root", None)

"""The distribution of plugin and template: built, checked, installed, used without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest
from kedro.framework.cli.starters import KedroStarterSpec
from mlflow_on_kedro_starter import STARTERS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from .commands import REPOSITORY, TEMPLATE_FOLDER, run, tree

PYTHON = Path("Scripts/python.exe" if os.name == "nt" else "bin/python")
NO_NETWORK = """
import socket

def refuse(*args, **kwargs):
    raise OSError("the network is cut off in this test")

socket.getaddrinfo = socket.create_connection = socket.socket.connect = refuse
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist, and from it the wheel; return their folder."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, cwd=REPOSITORY)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel beside what it needs, with no index; return the interpreter."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(folder, with_pip=True)
    scheme = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", scheme))
    (packages / "needed.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    offline = ("--no-index", "--find-links", built)
    run(folder / PYTHON, "-m", "pip", "install", *offline, "mlflow-on-kedro", cwd=folder)
    (packages / "sitecustomize.py").write_text(NO_NETWORK, encoding="utf-8")
    return folder / PYTHON


def project_table(path: str) -> dict[str, Any]:
    """Read the table ``[project]`` of a pyproject.toml."""
    return dict(tomllib.loads((REPOSITORY / path).read_text(encoding="utf-8"))["project"])


def test_twine_accepts_it(built: Path) -> None:
    """An index would take the files, and show the README."""
    run(sys.executable, "-m", "twine", "check", "--strict", *built.iterdir(), cwd=built)


def test_the_wheel_has_the_whole_template(built: Path, tmp_path: Path) -> None:
    """Each file of the template is in it, hidden ones too, and nothing of the tests."""
    (wheel,) = built.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path)
    template = tmp_path / "mlflow_on_kedro_starter" / "template"
    assert tree(template / TEMPLATE_FOLDER) == tree(REPOSITORY / TEMPLATE_FOLDER)
    assert tree(tmp_path / "mlflow_on_kedro") == tree(REPOSITORY / "plugin_src" / "mlflow_on_kedro")
    top = {path.name.partition("-")[0] for path in tmp_path.iterdir()}
    assert top == {"mlflow_on_kedro", "mlflow_on_kedro_starter"}


def test_the_plugin_alone_says_the_same() -> None:
    """``plugin_src/pyproject.toml`` has the same requirements and entry points, but the starter."""
    both, plugin = project_table("pyproject.toml"), project_table("plugin_src/pyproject.toml")
    assert set(both["entry-points"].pop("kedro.starters")) == {"mlflow-on-kedro"}
    assert both.pop("readme") == plugin.pop("readme")
    assert both.pop("license-files") == ["LICENSE"]
    assert both == plugin


def test_an_editable_installation_generates_from_the_repository() -> None:
    """The starter's folder is then the repository's."""
    (starter,) = STARTERS
    assert isinstance(starter, KedroStarterSpec)
    assert Path(starter.template_path) == REPOSITORY


def test_generate_install_and_run_without_a_network(
    installed: Path, built: Path, tmp_path: Path
) -> None:
    """No step needs a repository or an index, and the project says how to install the package."""
    kedro = (installed, "-m", "kedro")
    env = {"PYTHONPATH": "", "PYTHONNOUSERSITE": "1"}
    assert "mlflow-on-kedro:" in run(*kedro, "starter", "list", cwd=tmp_path, env=env).stdout
    run(*kedro, "new", "--starter=mlflow-on-kedro", "--name=Cellar", cwd=tmp_path, env=env)
    project = tmp_path / "cellar"
    assert not list(project.rglob("__pycache__"))
    record = (project / "src" / "mlflow_on_kedro.md").read_text(encoding="utf-8")
    (line,) = [line.strip() for line in record.splitlines() if line.startswith("    ")]

    shutil.rmtree(project / "src" / "mlflow_on_kedro")
    with (project / "requirements.txt").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    offline = ("--no-index", "--find-links", built)
    run(installed, "-m", "pip", "install", *offline, "-r", "requirements.txt", cwd=project, env=env)
    run(*kedro, "run", cwd=project, env=env)
    assert (project / "mlflow.db").is_file()
    assert (project / "data" / "mlflow" / "confusion_matrix.png").is_file()


def test_the_network_is_cut_off(installed: Path) -> None:
    """As the test above says."""
    code = "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')"
    result = subprocess.run([installed, "-c", code], capture_output=True, text=True, check=False)
    assert "the network is cut off in this test" in result.stderr

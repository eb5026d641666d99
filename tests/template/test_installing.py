"""Real installations, each into an environment of its own, from the package index."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.prices import CATALOG, ENTRY, NODES, PARAMETERS, RAW, REGISTRY

from .commands import REPOSITORY, run

UV = shutil.which(
    "uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(UV is None, reason="needs uv: pip install uv"),
]


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let uv take the environment of the project, not the one that runs the tests."""
    for name in ("VIRTUAL_ENV", "PYTHONPATH", "UV_PROJECT_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("arguments", [("-r", "requirements.txt"), ("-e", ".")])
def test_pip_install_then_kedro_run(
    arguments: tuple[str, ...], copied: Path, store_template: Path
) -> None:
    """After ``pip install -r requirements.txt`` or ``-e .`` the pipelines run."""
    shutil.copy(store_template, copied / "mlflow.db")
    run(UV, "venv", "--python", sys.executable, ".venv", cwd=copied)
    run(UV, "pip", "install", "--python", ".venv", *arguments, cwd=copied)
    programs = copied / ".venv" / ("Scripts" if os.name == "nt" else "bin")
    run(programs / "kedro", "run", cwd=copied)
    assert (copied / "data" / "mlflow" / "confusion_matrix.png").is_file()
    if "-e" in arguments:
        assert "--pipelines" in run(programs / "wine-cellar", "--help", cwd=copied).stdout


def test_uv_sync_then_kedro_run(copied: Path, store_template: Path) -> None:
    """After ``uv sync`` the pipelines run with ``uv run``, also from a folder below."""
    shutil.copy(store_template, copied / "mlflow.db")
    run(UV, "sync", "--python", sys.executable, cwd=copied)
    run(UV, "run", "kedro", "run", cwd=copied / "conf")
    assert (copied / "data" / "mlflow" / "confusion_matrix.png").is_file()


def test_from_the_wheel_alone(tmp_path: Path) -> None:
    """With the wheel and no repository near: generate, run, and load a pipeline model elsewhere."""
    run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, cwd=REPOSITORY)
    (wheel,) = tmp_path.glob("*.whl")
    python = _environment(tmp_path / "first", wheel)
    run(python, "-m", "kedro", "new", "--starter=mlflow-on-kedro", "--name=Cellar", cwd=tmp_path)
    project = tmp_path / "cellar"
    run(UV, "pip", "install", "--python", python, "-r", "requirements.txt", cwd=project)
    mlflow = {"pipeline_models": {"prices": {**ENTRY, "registered_model_name": "prices"}}}
    for path, content in {
        "conf/base/catalog.yml": json.dumps(CATALOG),
        "conf/base/parameters.yml": json.dumps(PARAMETERS),
        "conf/base/mlflow.yml": json.dumps(mlflow),
        "src/cellar/nodes.py": NODES,
        "src/cellar/pipeline_registry.py": REGISTRY.format(package="cellar"),
        "raw.csv": RAW,
    }.items():
        (project / path).write_text(content, encoding="utf-8")
    run(python, "-m", "kedro", "run", cwd=project)

    env = {"MLFLOW_TRACKING_URI": f"sqlite:///{(project / 'mlflow.db').as_posix()}"}
    code = "import mlflow; print(mlflow.pyfunc.get_model_dependencies('models:/prices/1'))"
    listed = run(python, "-c", code, cwd=project, env=env).stdout.splitlines()[-1]
    other = _environment(tmp_path / "second", "-r", listed)
    code = (
        "import mlflow, pandas as pd; model = mlflow.pyfunc.load_model('models:/prices/1'); "
        "print(model.predict(pd.DataFrame({'size': [10.0], 'colour': ['blue']})).to_csv())"
    )
    assert "13.0" in run(other, "-c", code, cwd=tmp_path, env=env).stdout


def _environment(folder: Path, *requirements: str | Path) -> Path:
    """Make a virtual environment with some packages; return its interpreter."""
    run(UV, "venv", "--python", sys.executable, folder, cwd=folder.parent)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    run(UV, "pip", "install", "--python", python, *requirements, cwd=folder)
    return python

"""Real installations, each into an environment of its own, from the package index."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from .commands import run

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

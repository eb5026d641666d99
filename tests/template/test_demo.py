"""``make demo``, as a newcomer runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = (
    "Makefile",
    "cookiecutter.json",
    "prompts.yml",
    "template_root.py",
    "hooks",
    "plugin_src",
    "{{ cookiecutter.repo_name }}",
)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_make_demo(tmp_path: Path) -> None:
    """It ends in a FINISHED run with everything in it, and says in two lines where to look."""
    for part in PARTS:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, tmp_path / part)
    dropped = ("VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MAKELEVEL")
    done = subprocess.run(
        ["make", "demo", f"PYTHON={sys.executable}"],  # noqa: S607
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name not in dropped},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    *_, first, second = done.stdout.strip().splitlines()
    assert first.strip() == "cd demo/wine-demo"
    assert second.strip() == "../../.venv/bin/kedro mlflow ui"

    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{tmp_path / 'demo/wine-demo/mlflow.db'}")
    experiment = client.get_experiment_by_name("wine_demo")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["model.C"] == "1.0"
    assert {"accuracy", "scores.f1.mean", "system/time/pipeline"} <= set(run.data.metrics)
    artifacts = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert {"model.pkl", "predictions.csv", "confusion_matrix.png", "gantt.html"} <= artifacts
    assert len(run.outputs.model_outputs) == 1

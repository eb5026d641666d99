"""The installed packages as a requirements file."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from mlflow_on_kedro.provenance.packages import requirements_text


def install(folder: Path, name: str, url: dict[str, object] | None = None) -> None:
    """Make what an installer writes."""
    info = folder / name
    info.mkdir(parents=True)
    (info / "METADATA").write_text("")
    if url is not None:
        (info / "direct_url.json").write_text(json.dumps(url))


def test_lines(tmp_path: Path) -> None:
    """Versions, addresses without credentials, and local folders as comments; the first counts."""
    one, two = tmp_path / "one", tmp_path / "two"
    install(one, "scikit_learn-1.5.0.dist-info")
    install(one, "zope.interface-7.0.dist-info")
    install(one, "torch-2.0.1+cpu.dist-info")
    install(one, "pip-26.0.dist-info")
    commit = {"vcs": "git", "commit_id": "4f1c"}
    install(one, "a-1.dist-info", {"url": "https://me:hunter2@host/a.git", "vcs_info": commit})
    install(
        one,
        "b-1.dist-info",
        {"url": "ssh://git@host/b.git", "vcs_info": commit, "subdirectory": "x"},
    )
    install(one, "c-1.dist-info", {"url": "https://host/c.whl", "archive_info": {}})
    install(one, "d-1.dist-info", {"url": "file:///x/d", "dir_info": {"editable": True}})
    install(one, "E-1.dist-info", {"url": "file:///x/e.whl", "archive_info": {}})
    (one / "broken-1.dist-info").mkdir()
    (one / "~ip-1.dist-info").mkdir()
    (one / "old-2.0-py3.11.egg-info").write_text("")
    (one / "developed.egg-info").mkdir()
    (one / "kept-1.dist-info").mkdir()
    (one / "kept-1.dist-info" / "METADATA").write_text("")
    (one / "kept-1.dist-info" / "direct_url.json").write_text("{")
    install(two, "Scikit.Learn-1.4.0.dist-info")
    text = requirements_text([str(one), str(two), str(tmp_path / "nowhere.zip")])
    assert text.splitlines() == [
        "a @ git+https://host/a.git@4f1c",
        "b @ git+ssh://git@host/b.git@4f1c#subdirectory=x",
        "c @ https://host/c.whl",
        "# d==1 (editable: file:///x/d)",
        "# developed: a local folder",
        "# E==1 (local: file:///x/e.whl)",
        "kept==1",
        "old==2.0",
        "scikit-learn==1.5.0",
        "torch==2.0.1+cpu",
        "zope.interface==7.0",
    ]


def test_of_this_environment() -> None:
    """It has what `importlib.metadata` has."""
    lines = [line for line in requirements_text().splitlines() if not line.startswith("#")]
    found = dict(line.split("==") for line in lines if "==" in line)
    for name in ("kedro", "mlflow", "pandas", "numpy"):
        assert found[name] == metadata.version(name)


@pytest.mark.slow
def test_pip_takes_it(tmp_path: Path) -> None:
    """Pip reads the file, and finds all of it installed."""
    file = tmp_path / "requirements.txt"
    file.write_text(requirements_text())
    words = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--no-index"]
    done = subprocess.run(
        [*words, "-r", str(file)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Would install" not in done.stdout

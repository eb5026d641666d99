"""A virtual environment with recorded packages."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from mlflow_on_kedro.errors import MLflowOnKedroError
from mlflow_on_kedro.rerunning import virtual_environment


def test_read() -> None:
    """Packages from indexes and repositories are installed, those from local folders are not."""
    packages = {
        "a-b": "a_b==1.0.post1+cpu",
        "c": "c @ git+https://host/c@4f1c#subdirectory=x",
        "d": "d @ https://host/d.whl",
        "mine": "# mine==1 (editable: file:///x)",
    }
    found = virtual_environment.read(packages, "3.11.7")
    assert found.lines == tuple(packages[name] for name in ("a-b", "c", "d"))
    assert found.local == ("mine",)
    assert found.python == "3.11.7"
    assert virtual_environment.read(packages, "/usr/bin/x").python == ""


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://evil",
        "-e .",
        "-r /etc/passwd",
        "a==1 --hash=x",
        "a @ file:///tmp/x",
        "a",
        "a==1; os_name == 'x'",
    ],
)
def test_no_packages(line: str) -> None:
    """A line that pip would take for an option, or for a local file, is refused."""
    with pytest.raises(MLflowOnKedroError, match="is no package with its version"):
        virtual_environment.read({"a": line}, "")


def test_not_recorded() -> None:
    """A run without packages has no environment."""
    with pytest.raises(MLflowOnKedroError, match="has not recorded its packages"):
        virtual_environment.read(None, "")


@pytest.mark.slow
def test_create(tmp_path: Path) -> None:
    """It is made once, and has the packages."""
    wanted = virtual_environment.read({"six": "six==1.17.0"}, "")
    python = virtual_environment.create(tmp_path, wanted)
    code = "import six; print(six.__version__)"
    done = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "1.17.0"
    changed = python.stat().st_mtime_ns
    assert virtual_environment.create(tmp_path, wanted) == python
    assert python.stat().st_mtime_ns == changed

"""Environments of the plugins that are measured beside this one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

INSTALLING_SECONDS = 900


@dataclass(frozen=True)
class Peer:
    """A plugin with the newest versions that it works with.

    Attributes:
        name: The folder of its environment.
        packages: What is installed.
        pythons: Versions of Python; the first that is there is taken. None: this one's.
        as_here: Whether libraries have the versions that they have here.
    """

    name: str
    packages: Sequence[str]
    pythons: Sequence[str] = ()
    as_here: bool = False


KEDRO_MLFLOW = Peer(
    "kedro-mlflow", ["kedro-mlflow==2.0.3", "kedro-datasets", "pandas", "plotly"], as_here=True
)
PIPELINEX = Peer(
    "pipelinex",
    [
        "pipelinex==0.8.0",
        "kedro==0.18.14",
        "kedro-datasets<2",
        "plotly==6.9",
        "mlflow",
        "sqlalchemy<2.1",
        "setuptools<81",  # has pkg_resources, which that Kedro imports
        "matplotlib",
        "pandas",
        "scikit-learn",
    ],
    pythons=["3.10", "3.11"],
)


def python_of(peer: Peer, cache: Path) -> Path | None:
    """The interpreter of a peer's environment, which is made unless it is there.

    Args:
        peer: The peer.
        cache: The folder of environments.

    Returns:
        None if it cannot be made, which is said.
    """
    folder = cache / peer.name
    python = folder / "bin" / "python"
    if (folder / ".ready").exists():
        return python
    print(f"Making an environment for {peer.name} ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _make(peer, folder, python)
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", None) or str(error)
        print(f"{peer.name} is left out: {said}", flush=True)
        return None
    (folder / ".ready").touch()
    return python


def _make(peer: Peer, folder: Path, python: Path) -> None:
    for number, candidate in enumerate(_pythons(peer)):
        try:
            _uv("venv", "--python", candidate, folder)
            break
        except subprocess.CalledProcessError:
            if number + 1 == len(_pythons(peer)):
                raise
    words: list[str | Path] = ["pip", "install", "--compile-bytecode", "--python", python]
    if peer.as_here:
        constraints = folder / "constraints.txt"
        frozen = _uv("pip", "freeze", "--python", sys.executable).splitlines()
        pinned = [line for line in frozen if "==" in line]
        constraints.write_text("\n".join(pinned), encoding="utf-8")
        words += ["--constraint", constraints]
    _uv(*words, *peer.packages)


def _pythons(peer: Peer) -> list[str | Path]:
    found: list[str | Path] = []
    for version in peer.pythons:
        # uv stops at a shim of pyenv that leads nowhere.
        root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
        found += [version, *sorted(root.glob(f"versions/{version}.*/bin/python"))]
    return found or [sys.executable]


def _uv(*words: str | Path) -> str:
    beside = Path(sys.executable).parent / "uv"
    command = str(beside) if beside.exists() else shutil.which("uv") or "uv"
    done = subprocess.run(
        [command, *(str(word) for word in words)],
        capture_output=True,
        text=True,
        check=True,
        timeout=INSTALLING_SECONDS,
    )
    return done.stdout

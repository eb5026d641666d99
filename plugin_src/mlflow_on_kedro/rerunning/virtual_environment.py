"""A virtual environment with the packages that a run has recorded."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ..errors import MLflowOnKedroError
from ..tracking import store
from ..utils import installation
from ..utils.locks import locked
from ..utils.printable import one_line

FOLDER = "environments"
_DONE = "complete"
_NAME = r"[A-Za-z0-9](?:[\w.\-]*[A-Za-z0-9])?"
_LINE = re.compile(rf"{_NAME}==[\w.!+\-]+|{_NAME} @ (?:[a-z]+\+)?(?:https?|ssh)://[^\s;]+")
_VERSION = re.compile(r"\d+\.\d+(\.\d+\w*)?")


@dataclass(frozen=True)
class Requirements:
    """The packages that a run has recorded.

    Attributes:
        lines: The lines to install.
        local: The names of packages that were installed from local folders, which are left out.
        python: The version of Python, such as ``3.11.7``; "" if unknown.
        plugin: What installs this plugin from the folder that it is installed from now, if the run
            had it from a folder, too; "" for nothing.
    """

    lines: tuple[str, ...]
    local: tuple[str, ...]
    python: str
    plugin: str = ""

    @property
    def key(self) -> str:
        """What environments with the same content have in common."""
        text = "\n".join([self.python, *self.lines, self.plugin])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def read(packages: Mapping[str, str] | None, python: str) -> Requirements:
    """Read the recorded packages.

    Args:
        packages: The name of each package -> its line; None: not recorded.
        python: The recorded version of Python.

    Raises:
        MLflowOnKedroError: They are not recorded, or one of the lines is no package: the lines come
            from a server, and pip would take options from them.
    """
    if packages is None:
        raise MLflowOnKedroError("--env: the run has not recorded its packages.")
    lines = [line for line in packages.values() if not line.startswith("#")]
    wrong = [line for line in lines if not _LINE.fullmatch(line)]
    if wrong:
        raise MLflowOnKedroError(
            f"--env: this line of the recorded kedro/requirements.txt is no package with its "
            f"version: {one_line(wrong[0], 100)}"
        )
    local = [name for name, line in packages.items() if line.startswith("#")]
    version = python if _VERSION.fullmatch(python) else ""
    plugin = ""
    if installation.DISTRIBUTION in local and installation.present().is_installed:
        plugin = installation.requirement(metadata.distribution(installation.DISTRIBUTION))
        local.remove(installation.DISTRIBUTION)
    return Requirements(tuple(lines), tuple(local), version, plugin)


def create(root: Path, wanted: Requirements) -> Path:
    """Return the Python of an environment with the packages; it is made if there is none yet.

    With uv if that is installed, which also gets the recorded version of Python; else with venv and
    pip. What they print is shown.

    Args:
        root: The project's root, whose folder for own files keeps the environment.
        wanted: The packages.

    Raises:
        MLflowOnKedroError: It cannot be made.
    """
    folder = store.working_folder(root).resolve() / FOLDER / wanted.key
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.with_suffix(".lock")):
        if (folder / _DONE).exists():
            return python
        shutil.rmtree(folder, ignore_errors=True)  # an interrupted try
        requirements = folder.with_suffix(".txt")
        requirements.write_text(
            "".join(f"{line}\n" for line in (*wanted.lines, wanted.plugin)), encoding="utf-8"
        )
        uv = _uv()
        if uv is not None:
            chosen = ("--python", wanted.python) if wanted.python else ()
            _call([uv, "venv", "--quiet", *chosen, str(folder)])
            _call([uv, "pip", "install", "--python", str(python), "-r", str(requirements)])
        else:
            _call([sys.executable, "-m", "venv", str(folder)])
            _call([str(python), "-m", "pip", "install", "--quiet", "-r", str(requirements)])
        (folder / _DONE).touch()
    return python


def has_other_python(wanted: Requirements) -> bool:
    """Whether the environment will have another Python than the run had: there is no uv."""
    present = ".".join(map(str, sys.version_info[:2]))
    recorded = ".".join(wanted.python.split(".")[:2])
    return _uv() is None and bool(recorded) and recorded != present


def _uv() -> str | None:
    return shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))


def _call(words: Iterable[str]) -> None:
    listed = list(words)
    try:
        failed = subprocess.run(listed, check=False, stdin=subprocess.DEVNULL).returncode != 0
    except OSError as error:
        raise MLflowOnKedroError(f"--env: {listed[0]} cannot be run: {error.strerror}.") from None
    if failed:
        raise MLflowOnKedroError(
            "--env: the recorded packages cannot be installed; the reason is above."
        )

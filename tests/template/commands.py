"""Commands as a user gives them, and the template that they are given."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_cookies.plugin import Result

Bake = Callable[..., Result]

REPOSITORY = Path(__file__).resolve().parents[2]
TEMPLATE_FOLDER = "{{ cookiecutter.repo_name }}"
TEMPLATE_PARTS = (
    "cookiecutter.json",
    "prompts.yml",
    "template_root.py",
    "hooks",
    "plugin_src",
    TEMPLATE_FOLDER,
)
OLD_TAG = "0.0.1"
OLD_LINE = b"\n# as it was in the first version\n"


@dataclass(frozen=True)
class Template:
    """A copy of the template in a git repository of its own, with an older version under a tag."""

    folder: Path

    @property
    def url(self) -> str:
        """The address of the repository for cookiecutter and Kedro."""
        return f"git+file://{self.folder}"

    def git(self, *arguments: str) -> str:
        """Run git in the repository."""
        identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
        return run("git", *identity, *arguments, cwd=self.folder).stdout


def run(
    *command: str | Path,
    cwd: Path,
    expect: int = 0,
    env: Mapping[str, str] | None = None,
    stdin: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run a command and check its exit code; stderr is part of stdout, as a user sees it."""
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == expect, result.stdout
    return result


def cookiecutter(*arguments: str | Path, cwd: Path, expect: int = 0, stdin: str = "") -> str:
    """Run the ``cookiecutter`` command and return what it prints."""
    command = (sys.executable, "-m", "cookiecutter", *arguments)
    return run(*command, cwd=cwd, expect=expect, stdin=stdin).stdout


def kedro(
    *arguments: str | Path,
    cwd: Path,
    expect: int = 0,
    stdin: str = "",
    env: Mapping[str, str] | None = None,
) -> str:
    """Run the ``kedro`` command and return what it prints."""
    command = (sys.executable, "-m", "kedro", *arguments)
    return run(*command, cwd=cwd, expect=expect, stdin=stdin, env=env).stdout


def tree(folder: Path) -> dict[str, bytes]:
    """Read all files below a folder, except caches."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts and ".git" not in file.parts
    }

"""What ``kedro mlflow init`` changes in a project; nothing is written before all is planned."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from .config.checks import FILE
from .config.sections import Config
from .errors import ConfigError
from .settings_wiring import wire

IGNORED = (".mlflow_on_kedro/", "mlruns/", "mlflow.db*")
"""What is in a project's folder for this machine alone."""


@dataclass(frozen=True)
class Change:
    """A file that is to be written.

    Attributes:
        path: The file.
        before: Its text; None if it is not there.
        after: Its new text.
    """

    path: Path
    before: str | None
    after: str

    def diff(self, root: Path) -> str:
        """The change as a unified diff, with paths from the project's root."""
        name = self.path.relative_to(root).as_posix() if self.path.is_relative_to(root) else ""
        name = name or self.path.as_posix()
        old = (self.before or "").splitlines()
        origin = f"a/{name}" if self.before is not None else "/dev/null"
        lines = difflib.unified_diff(old, self.after.splitlines(), origin, f"b/{name}", lineterm="")
        return "\n".join(lines)

    def write(self) -> None:
        """Write the file.

        Raises:
            ConfigError: It cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("w", encoding="utf-8", newline="") as file:
                file.write(self.after)
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be written: {error.strerror}.") from None


def plan(root: Path, settings: Path, conf: Path) -> list[Change]:
    """Say what is missing for a project to track its runs.

    Args:
        root: The project's root.
        settings: Its settings.py.
        conf: The folder of its base environment.

    Returns:
        The changes; none for a project that is ready.

    Raises:
        ConfigError: A file is not what it should be; nothing is changed.
    """
    mlflow_yml = conf / FILE
    _check_ours(mlflow_yml)
    planned = (
        _change(mlflow_yml, lambda text: shipped() if text is None else text),
        _change(settings, lambda text: wire(text or "", settings.name)),
        _change(root / ".gitignore", ignoring),
    )
    return [change for change in planned if change.after != change.before]


def shipped() -> str:
    """The mlflow.yml of a new project: the most used keys, at their defaults."""
    return Path(__file__).with_name(FILE).read_text(encoding="utf-8")


def ignoring(text: str | None) -> str:
    r"""Add what git should ignore to the text of a .gitignore.

    Example:
        >>> ignoring("mlruns\nmlflow.db*\n").splitlines()[2:]
        ['', "# MLflow's store, and what mlflow_on_kedro keeps between runs", '.mlflow_on_kedro/']
    """
    text = text or ""
    end = "\r\n" if "\r\n" in text else "\n"
    there = {line.strip().strip("/*") for line in text.splitlines()}  # "mlruns/*" is as good
    missing = [name for name in IGNORED if name.strip("/*") not in there]
    if not missing:
        return text
    gap = "" if not text else end if text.endswith("\n") else 2 * end
    lines = ["# MLflow's store, and what mlflow_on_kedro keeps between runs", *missing]
    return text + gap + "".join(f"{line}{end}" for line in lines)


def _change(path: Path, edit: Callable[[str | None], str]) -> Change:
    before = _read(path)
    return Change(path, before, edit(before))


def _read(path: Path) -> str | None:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from None


def _check_ours(path: Path) -> None:
    """Refuse to go on beside an mlflow.yml of another plugin."""
    import yaml

    try:
        content = yaml.safe_load(_read(path) or "")
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())
        raise ConfigError(f"{path} cannot be read: {said}") from None
    foreign = _foreign(content) if isinstance(content, dict) else []
    if foreign:
        raise ConfigError(
            f"{path} is there already, and has keys of something else: {', '.join(foreign)}. If it "
            "is kedro-mlflow's, docs/from-kedro-mlflow.md says what becomes of each key; or move "
            "it away. Then run `kedro mlflow init` again."
        )


def _foreign(keys: Iterable[object]) -> list[str]:
    known = {item.name for item in fields(Config)}
    return [str(key) for key in keys if key not in known and not str(key).startswith("_")]

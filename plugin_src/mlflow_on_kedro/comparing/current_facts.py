"""The facts of the project as it is now, to compare them with those of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ..inputs.digest import of_file
from ..provenance import code_diff, files, git_state, hardware
from ..provenance.configuration import catalog_text, parameters_text
from ..provenance.environment import environment_text
from ..provenance.packages import requirements_text
from ..runs.run_dataset import RESERVED_NAME
from ..utils import environment
from .reading import ENV_PREFIX
from .recorded_files import parsed
from .run_facts import DataFacts, RunFacts

if TYPE_CHECKING:
    from kedro.config import AbstractConfigLoader

NAME = "the project as it is now"
_MOST_BYTES = 10_000_000_000


def facts_now(root: Path, recorded: RunFacts, env_prefix: str = ENV_PREFIX) -> RunFacts:
    """Read code, packages, environment and data of a project as they are now.

    Args:
        root: The project's root.
        recorded: The facts of the run with which they will be compared: data are read that it has
            read, as far as they are files of the project.
        env_prefix: What the names of logged environment variables begin with.
    """
    git = git_state.read(root)
    diff = code_diff.read(root) if git.changed else code_diff.CodeDiff()
    texts = {
        files.PACKAGES: requirements_text(),
        files.ENVIRONMENT: environment_text("", {}, git, diff, hardware.describe()),
        **({files.CODE: diff.text} if diff.text else {}),
    }
    found = parsed(texts)
    present = dict(_variables_now(recorded, env_prefix))
    found["environment"] = {**(found.get("environment") or {}), **present}
    return RunFacts(name=NAME, data=dict(_data_now(root, recorded)) or None, **found)


def with_configuration(facts: RunFacts, loader: AbstractConfigLoader, root: Path) -> RunFacts:
    """Add parameters and catalog, as a run would record them.

    Args:
        facts: Other facts of the project.
        loader: The configuration, with the parameters from the command line.
        root: The project's root.
    """
    from kedro.config import MissingConfigException

    def section(name: str) -> dict[str, Any]:
        try:
            return dict(loader[name])
        except MissingConfigException:
            return {}

    catalog = {name: item for name, item in section("catalog").items() if name != RESERVED_NAME}
    texts = {
        files.PARAMETERS: parameters_text(section("parameters")),
        files.CATALOG: catalog_text(catalog, root, section("credentials")),
    }
    found = parsed(texts)
    names = ("parameters", "parameters_whole", "catalog", "catalog_whole")
    return replace(facts, **{name: found[name] for name in names})


def _variables_now(recorded: RunFacts, env_prefix: str) -> Mapping[str, Any]:
    """Return the logged environment variables of a run as they are now."""
    if not env_prefix:  # they cannot be told from other parameters
        return {}
    names = [name for name in recorded.environment or {} if name.startswith(env_prefix)]
    values = {name: environment.value(name.removeprefix(env_prefix)) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _data_now(root: Path, recorded: RunFacts) -> Mapping[str, DataFacts]:
    """Hash the files that a run has read, if that was its digest; other data count as the same."""
    found = {}
    for name, data in (recorded.data or {}).items():
        found[name] = data
        place = PurePosixPath(data.place)
        if not data.sha256 or not data.place or place.is_absolute() or ".." in place.parts:
            continue
        digest = sha256_of(root / place) or "missing"
        rows = data.rows if digest == data.sha256 else None
        found[name] = DataFacts(digest, digest, data.place, rows)
    return found


def sha256_of(file: Path) -> str | None:
    """Return the SHA-256 of a file; None: it cannot be read."""
    try:
        return of_file(file, _MOST_BYTES).value
    except OSError:
        return None

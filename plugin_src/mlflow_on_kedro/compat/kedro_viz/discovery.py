"""Finding a project's sessions of Kedro-Viz, and the files that they have saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .sessions import Session, find_stores, read_sessions
from .tracked_files import DATA_FOLDER, TrackedFiles, in_catalog, in_folder

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext


def own_catalog(context: KedroContext) -> Mapping[str, Any]:
    """Read catalog.yml as it is written: in the context, this plugin's hooks have replaced types.

    Args:
        context: The project's context.
    """
    from kedro.config import MissingConfigException
    from kedro.framework.project import settings

    loader = settings.CONFIG_LOADER_CLASS(
        conf_source=context.config_loader.conf_source,
        env=context.env,
        **settings.CONFIG_LOADER_ARGS,
    )
    try:
        return dict(loader["catalog"])
    except (MissingConfigException, KeyError):
        return {}


def datasets(
    catalog: Mapping[str, Any], folders: Sequence[Path], root: Path
) -> tuple[list[TrackedFiles], list[str]]:
    """Find the files of tracking datasets in the catalog and in folders.

    Args:
        catalog: The content of catalog.yml.
        folders: Folders to look in; none: where Kedro's documentation puts such files.
        root: The project's root.

    Returns:
        The datasets, and a message for each one whose files are not on this machine.
    """
    found, problems = in_catalog(catalog, root)
    known = {files.path.resolve() for files in found}
    for folder in folders or [root / DATA_FOLDER]:
        for files in in_folder(folder):
            if files.path.resolve() not in known:
                known.add(files.path.resolve())
                found.append(files)
    return found, problems


def usual_stores(root: Path) -> list[Path]:
    """Return the folders in which Kedro-Viz has kept its session store.

    Args:
        root: The project's root.
    """
    from kedro.framework.project import settings

    given = dict(settings.SESSION_STORE_ARGS or {}).get("path")
    return [root / place for place in (given, ".viz", "data", "sessions") if place]


def sessions(
    given: Sequence[Path], root: Path, tracked: Sequence[TrackedFiles]
) -> tuple[list[Session], list[str]]:
    """Find all sessions, the oldest first, also those of which only files are left.

    Args:
        given: Session stores, and folders of them; none: where Kedro-Viz puts them.
        root: The project's root.
        tracked: The files of tracking datasets.

    Returns:
        The sessions, and a message for each one that cannot be read.
    """
    found: dict[str, Session] = {}
    problems = [f"{place} has no session store." for place in given if not find_stores([place])]
    for file in find_stores(given or usual_stores(root)):
        stored, more = read_sessions(file)
        problems += more
        for session in stored:
            earlier = found.get(session.id)
            # In copies of a shared store, what a user has written about a session may be missing.
            if earlier is None or (session.is_marked and not earlier.is_marked):
                found[session.id] = session
    for files in tracked:
        for name in files.sessions():
            found.setdefault(name, Session(name))
    return [found[name] for name in sorted(found)], problems

"""``Worktree``: the project as it was in a run, in a git worktree of its own.

It has the run's commit and its recorded changes. What git does not have is linked from the project:
the data that the run has read, and configuration that git ignores, such as ``conf/local``. What the
pipeline may write is copied, so that what the rerun writes stays in the worktree.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ..comparing.chosen_nodes import output_names
from ..comparing.code_changes import files_of_diff, has_commit
from ..comparing.code_section import is_imported, packages_of
from ..comparing.current_facts import sha256_of
from ..comparing.run_facts import DataFacts, RunFacts
from ..delivery import backlog
from ..errors import MLflowOnKedroError
from ..journal import folder as journals
from ..provenance import git_state
from ..tracking import store
from ..utils.catalog_files import local_path, local_paths
from ..utils.printable import one_line

FOLDER = "worktrees"
_SECONDS = 600.0
_NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")


@dataclass
class Worktree:
    """A git worktree.

    Attributes:
        origin: The project's root.
        top: The worktree's top folder.
        root: The project's root in it.
        links: The links that lead out of it, which are removed first.
    """

    origin: Path
    top: Path
    root: Path
    links: list[Path] = field(default_factory=list)

    @classmethod
    def create(cls, origin: Path, facts: RunFacts, name: str) -> Worktree:
        """Make a worktree with the code of a run.

        Args:
            origin: The project's root.
            facts: The facts of the run.
            name: The worktree's name.

        Raises:
            MLflowOnKedroError: The code is not known, or not in this repository.
        """
        code = facts.code
        if code is None:
            raise MLflowOnKedroError("--worktree: the run has recorded no git commit.")
        if code.diff is None:
            raise MLflowOnKedroError(
                f"--worktree: the run had changes on the commit {code.commit[:12]}, but they were "
                "not recorded (`provenance.code` in mlflow.yml)."
            )
        if not has_commit(origin, code.commit):
            place = f" It was on {code.branch or 'a branch'} of {code.remote}." * bool(code.remote)
            raise MLflowOnKedroError(
                f"--worktree: the commit {one_line(code.commit, 12)} is not in this git "
                f"repository.{one_line(place)} `git fetch` may get it."
            )
        top = own_folder(origin).resolve() / FOLDER / name
        top.parent.mkdir(parents=True, exist_ok=True)
        words = (*_NO_HOOKS, "worktree", "add", "--quiet", "--detach", str(top), code.commit)
        failed, _, problem = git_state.run(origin, *words, seconds=_SECONDS)
        if failed:
            raise MLflowOnKedroError(f"--worktree: git cannot make a worktree: {problem}")
        made = cls(origin.resolve(), top, top / _inside(code.root, "folder"))
        try:
            made._apply(code.diff)
            made._link_what_git_has_not(facts)
        except BaseException:
            made.remove()
            raise
        return made

    def _apply(self, diff: str) -> None:
        """Apply the recorded changes. Git refuses files outside of the worktree and in ``.git``."""
        if not files_of_diff(diff):
            return
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "code.diff")
            file.write_bytes(diff.encode("utf-8", "surrogateescape"))
            words = ("apply", "--whitespace=nowarn", str(file))
            failed, _, problem = git_state.run(self.top, *words, seconds=_SECONDS)
        if failed:
            raise MLflowOnKedroError(
                "--worktree: git cannot apply the changes that the run has recorded "
                f"(kedro/code.diff.txt among its artifacts): {one_line(problem, 200)}"
            )

    def _link_what_git_has_not(self, facts: RunFacts) -> None:
        data = [item.place for item in (facts.data or {}).values()]
        for item in (facts.data or {}).values():
            self._remove_other_version(item)
        outputs = _output_paths(facts, self.origin)
        for name in (*data, *_untracked_code(facts), *_ignored_configuration(self.origin)):
            self._link(name, outputs)
        # What MLflow does not get stays in the project's journal, where `sync` finds it.
        journal = own_folder(self.origin) / journals.FOLDER
        journal.mkdir(exist_ok=True)
        _link(journal.resolve(), own_folder(self.root) / journals.FOLDER, self.links)

    def _link(self, name: str, outputs: Collection[Path] | None) -> None:
        """Link a file or folder, or copy it if the pipeline may write there."""
        with contextlib.suppress(ValueError):
            place = _inside(name, "path")
            source, target = self.origin / place, self.root / place
            if not place.parts or not source.exists() or os.path.lexists(target):
                return
            if outputs is None or any(_overlap(local_path(source), path) for path in outputs):
                _copy(source, target)
            else:
                _link(source.resolve(), target, self.links)

    def _remove_other_version(self, data: DataFacts) -> None:
        """Remove a file of the commit that the run has not read, if the project has what it read.

        Recorded changes are of code only, so they have no data that were changed.
        """
        with contextlib.suppress(ValueError):
            place = _inside(data.place, "path")
            target = self.root / place
            is_other = data.sha256 and target.is_file() and sha256_of(target) != data.sha256
            if is_other and sha256_of(self.origin / place) == data.sha256:
                target.unlink()

    def missing(self, facts: RunFacts) -> list[str]:
        """Return the data and untracked code of the run that the worktree does not have."""
        names = [item.place for item in (facts.data or {}).values() if "://" not in item.place]
        names += _untracked_code(facts)
        return [name for name in names if name and not (self.root / name).exists()]

    def lost_code(self, facts: RunFacts) -> list[str]:
        """Return the Python files that the run could import, which nobody has any more."""
        named = [name for name in _untracked_code(facts) if name.endswith((".py", "/"))]
        return [name for name in named if not (self.root / name).exists()]

    def has_pending(self) -> bool:
        """Whether something that was logged here has not arrived in MLflow yet."""
        return any(_root_of(journal) == self.root for journal in backlog.find(self.origin))

    def remove(self) -> None:
        """Remove the worktree; what its links lead to stays."""
        for link in self.links:
            with contextlib.suppress(OSError):
                link.unlink() if link.is_symlink() else None
        git_state.run(self.origin, "worktree", "remove", "--force", str(self.top), seconds=_SECONDS)
        if self.top.exists() and not any(_links_below(self.top)):
            shutil.rmtree(self.top, ignore_errors=True)
        git_state.run(self.origin, "worktree", "prune")


def own_folder(root: Path) -> Path:
    """Return the folder for the plugin's own files, which is made; git ignores what is in it."""
    folder = store.working_folder(root)
    folder.mkdir(parents=True, exist_ok=True)
    journals.keep_out_of_git(folder)
    return folder


def _links_below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_symlink())


def _root_of(journal: journals.Journal) -> Path | None:
    try:
        return Path(journal.header.root)
    except (OSError, ValueError):
        return None


def _inside(name: str, what: str) -> PurePosixPath:
    """Check that a path, which may come from a server, leads to no place outside.

    Raises:
        ValueError: It does.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or ":" in name or "\\" in name or "\0" in name:
        raise ValueError(f"the {what} leads out of the project: {one_line(name, 100)}")
    return path


def _untracked_code(facts: RunFacts) -> list[str]:
    """Return the code and configuration that git did not track; other files may be outputs."""
    if facts.code is None:
        return []
    packages, conf = packages_of(facts), PurePosixPath(_conf_source())
    return [
        name
        for name in facts.code.untracked
        if is_imported(name, packages) or PurePosixPath(name).is_relative_to(conf)
    ]


def _conf_source() -> str:
    from kedro.framework.project import settings

    return str(settings.CONF_SOURCE)


def _output_paths(facts: RunFacts, root: Path) -> set[Path] | None:
    """Return the local files and folders that the run's pipeline saves; None: unknown."""
    nodes = facts.graph.get("nodes")
    if facts.catalog is None or not isinstance(nodes, list):
        return None
    names = [name for item in nodes if isinstance(item, dict) for name in output_names(item)]
    try:
        return local_paths(facts.catalog_whole, names, root)
    except Exception:  # the recorded catalog is damaged, or of another version of Kedro
        return None


def _overlap(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _ignored_configuration(root: Path) -> Iterable[str]:
    words = ("ls-files", "--others", "--ignored", "--exclude-standard", "-z", "--", _conf_source())
    _, listed, _ = git_state.run(root, *words)
    return [name for name in listed.decode("utf-8", "surrogateescape").split("\0") if name]


def _link(source: Path, target: Path, links: list[Path]) -> None:
    """Link a file or folder; copy it where links are not allowed, as on Windows."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        target.symlink_to(source, target_is_directory=source.is_dir())
    except OSError:
        _copy(source, target)
    else:
        links.append(target)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)

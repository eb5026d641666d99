"""``python -m tests.peers``: run what ``docs/`` shows before and after, and compare the runs."""

# ruff: noqa: T201 - a script speaks to who has started it
from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import kedro

from benchmarks import peers
from tests.docs import stories
from tests.docs.stories import Before, Story

from . import surfaces
from .compare import compare, entries
from .keeping import keep, recorded, surface_of
from .projects import ROOT, PeerProject

_PEERS = (
    (peers.PIPELINEX, "0.18.14", stories.PIPELINEX, surfaces.PIPELINEX),
    (peers.KEDRO_MLFLOW, kedro.__version__, stories.KEDRO_MLFLOW, surfaces.KEDRO_MLFLOW),
)


def main() -> None:
    """Run and compare all; exit with 1 if anything differs or a peer cannot be installed."""
    words = argparse.ArgumentParser(prog="python -m tests.peers", description=__doc__)
    words.add_argument("--cache", type=Path, default=ROOT / ".bench", help="peers' environments")
    words.add_argument("--record", action="store_true", help="keep the peers' runs for `make test`")
    words.add_argument("--only", choices=[peer.name for peer, *_ in _PEERS])
    given = words.parse_args()
    failed = []
    for peer, version, told, surface in _PEERS:
        if given.only not in {None, peer.name}:
            continue
        python = peers.python_of(peer, given.cache.resolve())
        if python is None:
            failed.append(peer.name)
            continue
        before = cache(partial(_before, python=python, version=version, record=given.record))
        checks = {
            surface_of(peer.name): partial(_look, peer.name, python, surface, record=given.record),
            **{story.name: partial(_tell, story, before) for story in told},
        }
        for name, check in checks.items():
            lines = check()
            print(f"{name}: {'differs' if lines else 'the same'}", flush=True)
            for line in lines:
                print(f"  {line}", flush=True)
            failed += [name] * bool(lines)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


def _look(peer: str, python: Path, names: Sequence[str], *, record: bool) -> list[str]:
    """Compare what a peer's classes take with what was recorded, which the pages speak of."""
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        project = PeerProject(Path(folder), python)
        takes = project.printed(Path(__file__).with_name("read_surface.py"), *names)
    if record:
        keep(surface_of(peer), takes)
    known = recorded(surface_of(peer))
    changed = [name for name in {**takes, **known} if takes.get(name) != known.get(name)]
    return [f"{name}: takes {takes.get(name)}, recorded {known.get(name)}" for name in changed]


def _tell(story: Story, before: Callable[[Before], dict[str, Any]]) -> list[str]:
    try:
        theirs = before(story.before)
        here = Path(sys.executable)
        ours = _run(story.files(), story.before, here, kedro.__version__)
    except RuntimeError as error:
        return [str(error)]
    return compare(entries(theirs), entries(ours), story.differences)


def _before(before: Before, *, python: Path, version: str, record: bool) -> dict[str, Any]:
    held = _run(before.files(), before, python, version)
    if record:
        keep(before.name, held)
    return held


def _run(files: Mapping[str, str], before: Before, python: Path, version: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        project = PeerProject.write(Path(folder), python, files, version)
        project.run()
        held = project.held(before.experiment, before.rows)
    if held["status"] != "FINISHED":
        raise RuntimeError(f"{before.name}: the run is {held['status']}")
    return held


if __name__ == "__main__":
    main()

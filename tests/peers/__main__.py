"""``python -m tests.peers``: run what ``docs/`` shows before and after, and compare the runs."""

# ruff: noqa: T201 - a script speaks to who has started it
from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import kedro

from benchmarks import peers
from tests.docs import stories
from tests.docs.stories import Story

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
    given = words.parse_args()
    failed = []
    for peer, version, told, surface in _PEERS:
        python = peers.python_of(peer, given.cache.resolve())
        if python is None:
            failed.append(peer.name)
            continue
        checks = {
            surface_of(peer.name): partial(_look, peer.name, python, surface),
            **{story.name: partial(_tell, story, python, version) for story in told},
        }
        for name, check in checks.items():
            lines = check(record=given.record)
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


def _tell(story: Story, python: Path, version: str, *, record: bool) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        try:
            theirs = _run(story, "before", Path(folder), python, version)
            here = Path(sys.executable)
            ours = _run(story, "after", Path(folder), here, kedro.__version__)
        except RuntimeError as error:
            return [str(error)]
    if record:
        keep(story.name, theirs)
    return compare(entries(theirs), entries(ours), story.differences)


def _run(story: Story, side: str, folder: Path, python: Path, version: str) -> dict[str, Any]:
    project = PeerProject.write(folder / side, python, story.files(side), version)
    project.run()
    held = project.held(story.experiment, story.rows)
    if held["status"] != "FINISHED":
        raise RuntimeError(f"{side}: the run is {held['status']}")
    return held


if __name__ == "__main__":
    main()

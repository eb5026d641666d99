"""An artifact of 5 GB: no second copy on disk, and no memory."""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.journal.snapshot import Snapshot
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_request import RunRequest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="Windows has no files with holes by default"),
]
BYTES = 5_000_000_000
PIECE = 1 << 20


class _Store(BaseHTTPRequestHandler):
    """Takes uploads and keeps nothing but their sizes."""

    received = 0

    def do_PUT(self) -> None:
        left = int(self.headers["Content-Length"])
        while left:
            got = len(self.rfile.read(min(left, PIECE)))
            left -= got
            _Store.received += got
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture
def artifact_store() -> Iterator[str]:
    """The address of an artifact store."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/artifacts"
    server.shutdown()
    server.server_close()


def _bytes_on_disk(folder: Path) -> int:
    found = {path.stat().st_ino: path.stat() for path in folder.rglob("*") if path.is_file()}
    return sum(512 * state.st_blocks for state in found.values())


@pytest.mark.parametrize("is_final", [True, False])
def test_huge_artifact(store_uri: str, tmp_path: Path, artifact_store: str, is_final: bool) -> None:
    """A file of a dataset is linked, any other is sent from where it lies; in pieces."""
    file = tmp_path / "model.bin"
    with file.open("wb") as written:
        written.truncate(BYTES)
    experiment = {"name": "huge", "artifact_location": artifact_store}
    config = parse({"tracking": {"uri": store_uri, "delivery": "thread"}, "experiment": experiment})
    _Store.received = 0
    run = OwnRun.open(RunRequest(config=config, root=tmp_path, package="demo", spread="process"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run.log_artifact(file, snapshot=Snapshot.from_path(file) if is_final else None)
    assert file.stat().st_nlink == (2 if is_final else 1)
    assert _bytes_on_disk(tmp_path) < 100_000_000
    run.end("FINISHED")
    assert BYTES <= _Store.received < BYTES + PIECE
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000

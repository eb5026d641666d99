"""The digest of a remote file is what its server says of it."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import fsspec
import pytest
from mlflow_on_kedro.inputs.remote import fingerprint


class System:
    """A file system as those of object stores are."""

    def __init__(self, infos: dict[str, dict[str, Any]]) -> None:
        self.infos = infos

    def info(self, path: str) -> dict[str, Any]:
        """Tell of a file or folder."""
        if path in self.infos:
            return self.infos[path]
        return {"name": path, "type": "directory", "size": 0}

    def find(self, path: str, *, detail: bool) -> dict[str, dict[str, Any]]:
        """Tell of all files of a folder."""
        assert detail
        return {name: info for name, info in self.infos.items() if name.startswith(f"{path}/")}


def test_etag() -> None:
    """An ETag counts, and then a later time of writing does not."""
    first, touched, other = (
        fingerprint(System({"b/a": {"ETag": tag, "LastModified": time, "size": 1}}), "b/a")
        for tag, time in [("x", 1), ("x", 2), ("y", 1)]
    )
    assert first is not None
    assert other is not None
    assert first == touched
    assert first.value != other.value
    assert (first.of, first.size) == ("ETag, size", 1)


def test_time() -> None:
    """Without one, the time of writing counts."""
    first, later = (
        fingerprint(System({"b/a": {"LastModified": time, "size": 1}}), "b/a") for time in (1, 2)
    )
    assert first is not None
    assert first.of == "LastModified, size"
    assert first != later


def test_folder() -> None:
    """Of a folder, all files count, or the partitions that were loaded, with their versions."""
    infos = {
        "b/f/1.csv": {"ETag": "x", "size": 1},
        "b/f/2.csv/2024/2.csv": {"ETag": "y", "size": 2},
    }
    system = System(infos)
    whole, first, second = (
        fingerprint(system, "b/f", names) for names in (None, ["1.csv"], ["2.csv"])
    )
    assert [found and found.size for found in (whole, first, second)] == [3, 1, 2]
    assert fingerprint(system, "b/f", ["1.csv", "2.csv"]) == whole


def test_real_file_system() -> None:
    """A file that is written again in fsspec's own memory is another one."""
    system = fsspec.filesystem("memory")
    system.pipe("/bucket/a", b"1")
    first = fingerprint(system, "/bucket/a")
    assert first == fingerprint(system, "/bucket/a")
    system.pipe("/bucket/a", b"2")
    assert first != fingerprint(system, "/bucket/a")
    assert fingerprint(system, "/bucket") is not None


def test_no_answer() -> None:
    """A file system that cannot be asked gives none."""
    assert fingerprint(fsspec.filesystem("memory"), "/no/such/file") is None


@pytest.fixture
def web() -> Iterator[tuple[str, list[str]]]:
    """A web server, and the methods of the requests to it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append(self.command)
            self.send_response(200)
            self.send_header("Content-Length", "3")
            self.send_header("ETag", '"abc"')
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/a.csv", asked
        server.shutdown()
        thread.join()


def test_http(web: tuple[str, list[str]]) -> None:
    """A web server is asked for the headers only."""
    url, asked = web
    found = fingerprint(fsspec.filesystem("http"), url)
    assert found is not None
    assert (found.of, found.size) == ("ETag, size", 3)
    assert asked == ["HEAD"]

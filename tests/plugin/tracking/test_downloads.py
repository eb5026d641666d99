"""Downloads: where they lie, what they never touch, and what a hostile server can do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlparse

import pytest
from kedro.io import DatasetError
from mlflow_on_kedro import MLflowDataset
from mlflow_on_kedro.tracking.downloads import artifact_folder, download


@pytest.fixture
def run_id(client: Any, tmp_path: Path) -> str:
    """A run with the artifacts note.txt and parts/{a,b}.txt."""
    experiment = client.create_experiment("x", artifact_location=(tmp_path / "art").as_uri())
    run_id = str(client.create_run(experiment).info.run_id)
    client.log_text(run_id, "first", "note.txt")
    client.log_text(run_id, "a", "parts/a.txt")
    client.log_text(run_id, "b", "parts/b.txt")
    return run_id


def downloads(root: Path) -> dict[str, str]:
    """The files below the downloads folder, and what is in them."""
    folder = root / ".mlflow_on_kedro" / "downloads"
    return {
        file.relative_to(folder).as_posix(): file.read_text()
        for file in folder.rglob("*")
        if file.is_file() and file.suffix != ".lock"
    }


def test_file_lies_in_a_folder_of_its_run(run_id: str, store_uri: str, tmp_path: Path) -> None:
    """A download is below .mlflow_on_kedro/downloads/<run id>, and leaves no scratch behind."""
    root = tmp_path / "deep" / "project"
    path = download(store_uri, run_id, "note.txt", root, reuse=False)
    assert path == root / ".mlflow_on_kedro" / "downloads" / run_id / "note.txt"
    assert downloads(root) == {f"{run_id}/note.txt": "first"}


def test_folder_is_whole(run_id: str, store_uri: str, tmp_path: Path) -> None:
    """A folder among the artifacts is downloaded with all that is in it."""
    path = download(store_uri, run_id, "parts", tmp_path, reuse=False)
    assert sorted(file.name for file in path.iterdir()) == ["a.txt", "b.txt"]


def test_fresh_download_replaces_an_old_one(
    run_id: str, store_uri: str, client: Any, tmp_path: Path
) -> None:
    """Without reuse a file or folder is as MLflow has it now."""
    for artifact in ("note.txt", "parts"):
        download(store_uri, run_id, artifact, tmp_path, reuse=False)
    (tmp_path / f".mlflow_on_kedro/downloads/{run_id}/parts/stale.txt").write_text("stale")
    client.log_text(run_id, "second", "note.txt")
    for artifact in ("note.txt", "parts"):
        download(store_uri, run_id, artifact, tmp_path, reuse=False)
    found = downloads(tmp_path)
    assert found[f"{run_id}/note.txt"] == "second"
    assert f"{run_id}/parts/stale.txt" not in found


def test_reuse_asks_no_server(run_id: str, store_uri: str, tmp_path: Path) -> None:
    """What is there already is used, also when MLflow cannot be reached any more."""
    first = download(store_uri, run_id, "note.txt", tmp_path, reuse=True)
    again = download("http://127.0.0.1:9", run_id, "note.txt", tmp_path, reuse=True)
    assert again == first
    assert again.read_text() == "first"


def test_several_at_once_all_get_the_whole_folder(
    run_id: str, store_uri: str, tmp_path: Path
) -> None:
    """Nodes that load the same artifact at once do not tread on each other."""
    with ThreadPoolExecutor(4) as pool:
        tasks = [
            pool.submit(download, store_uri, run_id, "parts", tmp_path, reuse=True)
            for _ in range(4)
        ]
        paths = {task.result() for task in tasks}
    assert len(paths) == 1
    assert downloads(tmp_path) == {f"{run_id}/parts/a.txt": "a", f"{run_id}/parts/b.txt": "b"}


def test_interrupted_download_is_not_taken_for_a_whole_one(
    run_id: str, store_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What arrived before a break is not reused."""

    def breaks_off(dst_path: str, **_: Any) -> str:
        (Path(dst_path) / "note.txt").write_text("fir")
        raise ConnectionError("the line is dead")

    with monkeypatch.context() as patch:
        patch.setattr("mlflow.artifacts.download_artifacts", breaks_off)
        with pytest.raises(DatasetError, match="the line is dead"):
            download(store_uri, run_id, "note.txt", tmp_path, reuse=True)
    assert downloads(tmp_path) == {}
    assert download(store_uri, run_id, "note.txt", tmp_path, reuse=True).read_text() == "first"


def test_missing_artifact_is_said(run_id: str, store_uri: str, tmp_path: Path) -> None:
    """The message names the run, the store and the artifact."""
    with pytest.raises(DatasetError) as caught:
        download(store_uri, run_id, "nothing.txt", tmp_path, reuse=True)
    message = str(caught.value)
    assert f"Run {run_id} in MLflow at {store_uri} gave no artifact 'nothing.txt'" in message
    assert message.endswith("`dataset_name` gives another name.")
    with pytest.raises(DatasetError, match="needs the whole id"):
        download(store_uri, run_id[:8], "note.txt", tmp_path, reuse=True)


def test_unknown_run_is_said_without_credentials(tmp_path: Path) -> None:
    """A URI's credentials are not in the message."""
    with pytest.raises(DatasetError) as caught:
        download("http://me:hunter2@127.0.0.1:9", "abc", "x", tmp_path, reuse=True)
    assert "http://***@127.0.0.1:9" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("run_id", ["..", "", "../x", "a/b", ".", "a\\b", "/etc", "-x", "a b"])
def test_id_that_is_a_path_is_refused(run_id: str, store_uri: str, tmp_path: Path) -> None:
    """A run id names one folder; anything else is refused before MLflow is asked."""
    with pytest.raises(DatasetError, match=r"is no id of an MLflow run\. .*whole id.*--load"):
        download(store_uri, run_id, "note.txt", tmp_path / "project", reuse=True)
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize(
    "path", ["", "..", "../x", "a/../../x", "/etc/passwd", "a\\..\\b", "C:/x", "a\x00b", "/"]
)
def test_place_outside_of_the_artifacts_is_refused(
    path: str, run_id: str, store_uri: str, tmp_path: Path
) -> None:
    """Neither a download nor `artifact_path` leaves the folder."""
    with pytest.raises(DatasetError, match="is no place among a run's artifacts"):
        download(store_uri, run_id, path, tmp_path / "project", reuse=True)
    assert not (tmp_path / "project").exists()
    if path:
        with pytest.raises(DatasetError, match="is no place among a run's artifacts"):
            MLflowDataset(dataset="pkl", artifact_path=path)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("models", "models"),
        ("a//b/", "a/b"),
        ("./a/./b", "a/b"),
        ("données/東京 1", "données/東京 1"),
    ],
)
def test_folder_is_written_as_mlflow_wants_it(given: str, written: str) -> None:
    """Doubled and trailing slashes are no mistake."""
    assert artifact_folder(given) == written


class HostileServer(BaseHTTPRequestHandler):
    """A tracking server whose artifacts have names that lead elsewhere."""

    evil: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        """Answer what MLflow's client asks when it downloads a folder."""
        url = urlparse(self.path)
        if url.path.endswith("/runs/get"):
            info = {
                "run_id": "abc",
                "run_uuid": "abc",
                "experiment_id": "0",
                "status": "FINISHED",
                "lifecycle_stage": "active",
                "start_time": 1,
                "artifact_uri": "mlflow-artifacts:/0/abc/artifacts",
            }
            self.answer({"run": {"info": info, "data": {}}})
        elif url.path.endswith("/artifacts") or url.path.endswith("/artifacts/list"):
            below = (parse_qs(url.query).get("path") or [""])[0]
            files = self.evil if below.endswith(("parts", "artifacts")) else []
            self.answer(
                {"files": [{"path": name, "is_dir": False, "file_size": 4} for name in files]}
            )
        else:
            self.send(b"evil")

    def do_POST(self) -> None:
        """Answer that there are no logged models, for which MLflow 3.1 asks too."""
        self.answer({})

    def answer(self, content: dict[str, Any]) -> None:
        """Send JSON."""
        self.send(json.dumps(content).encode())

    def send(self, body: bytes) -> None:
        """Send a body."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def hostile_uri() -> Iterator[str]:
    """The URI of a hostile server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), HostileServer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    "name",
    ["good.txt", "../../../evil.txt", "../evil.txt", "/{root}/evil.txt", "..%2f..%2f..%2fevil.txt"],
)
def test_names_from_the_server_stay_in_the_folder(
    name: str, hostile_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a server calls its artifacts, nothing is written outside of the downloads folder."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    root = tmp_path / "a" / "b" / "project"
    name = name.replace("{root}", str(tmp_path).lstrip("/"))
    monkeypatch.setattr(HostileServer, "evil", [name])
    try:
        download(hostile_uri, "abc", "parts", root, reuse=False)
    except DatasetError:
        arrived = False
    else:
        arrived = True
    folder = root / ".mlflow_on_kedro" / "downloads"
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix == ".txt"]
    assert all(path.is_relative_to(folder) for path in written)
    assert name != "good.txt" or (arrived and len(written) == 1)

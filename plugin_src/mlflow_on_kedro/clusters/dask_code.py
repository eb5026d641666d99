"""Send the project's code to the workers of a Dask cluster that is already running.

Such a worker does not have the project: it runs in another folder or on another host, and if it has
run the project before, its code may be outdated.
"""

from __future__ import annotations

import hashlib
import io
import os
import socket
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from .project_modules import project_modules


@contextmanager
def project_code(client: Any, package: str | None) -> Iterator[None]:
    """Send the code of a project and of this plugin to all workers, for the length of a block.

    Args:
        client: A client of the cluster.
        package: The project's package; None outside of a project.
    """
    name = f"mlflow_on_kedro-{uuid4().hex}"
    # As a worker plugin it also reaches workers that are started later.
    client.register_plugin(_plugin(archives(package)), name=name)
    try:
        yield
    finally:
        if is_connected(client):  # else it would wait for a scheduler that has gone
            client.unregister_worker_plugin(name)


def is_connected(client: Any) -> bool:
    """Return whether a client has the scheduler that it was made for."""
    return bool(client.status == "running")


def archives(package: str | None) -> dict[str, bytes]:
    """Zip the modules that workers need: name -> zip file."""
    return {path.stem: _zip(path) for path in project_modules(package)}


def _zip(path: Path) -> bytes:
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                # Without times, so that equal code gives equal archives.
                entry = zipfile.ZipInfo(file.relative_to(path.parent).as_posix())
                archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _plugin(sources: dict[str, bytes]) -> Any:
    from distributed import WorkerPlugin

    # A nested class is pickled by its code, not by its name, and it uses only the standard library,
    # because the worker does not have this module yet.
    class ProjectCode(WorkerPlugin):
        def __init__(self) -> None:
            self.client = (socket.gethostname(), os.getpid())
            self.sources = {
                name: (hashlib.sha256(archive).hexdigest(), archive)
                for name, archive in sources.items()
            }

        def setup(self, worker: Any) -> None:
            import importlib
            import io
            import os
            import socket
            import sys
            import zipfile
            from pathlib import Path

            if self.client == (socket.gethostname(), os.getpid()):
                return
            for name, (digest, archive) in self.sources.items():
                parent = Path(worker.local_directory, "mlflow_on_kedro", name)
                folder = str(parent / digest)
                before = [path for path in sys.path if Path(path).parent == parent]
                if before == [folder]:
                    continue
                with zipfile.ZipFile(io.BytesIO(archive)) as opened:
                    opened.extractall(folder)
                sys.path[:] = [folder, *(path for path in sys.path if path not in before)]
                for module in list(sys.modules):
                    if module == name or module.startswith(f"{name}."):
                        del sys.modules[module]
            importlib.invalidate_caches()

    return ProjectCode()

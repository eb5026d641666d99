"""An environment with an MLflow of another version, for a server that is older than the client."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

INSTALLING_SECONDS = 600


def python_with(*requirements: str) -> str:
    """The interpreter of an environment that has some packages; made once, and kept for later.

    Args:
        requirements: Such as ``mlflow==2.22.2``.

    Raises:
        RuntimeError: They cannot be installed here.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    version = f"py{sys.version_info.major}.{sys.version_info.minor}"
    name = "-".join([*requirements, version]).replace("<", "below-").replace("=", "")
    folder = cache / "mlflow_on_kedro_tests" / name
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(folder)])
        uv = shutil.which(
            "uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        )
        installer = [uv, "pip", "install", "--python", str(python)] if uv else []
        _run([*(installer or [str(python), "-m", "pip", "install"]), "--quiet", *requirements])
        (folder / "complete").touch()
    return str(python)


def _run(command: list[str]) -> None:
    try:
        subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=INSTALLING_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        words = getattr(error, "stderr", None) or str(error)
        raise RuntimeError(f"{' '.join(command)} failed: {str(words)[-300:]}") from None

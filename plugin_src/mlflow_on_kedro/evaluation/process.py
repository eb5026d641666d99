"""An evaluation in a process of its own, with a store of its own.

``mlflow.genai.evaluate`` writes to MLflow while it works, deletes other traces that the run gets
meanwhile, fails if the server is away, and may not run in two threads. So it runs beside the
pipeline, on an empty SQLite database, and what it has found goes into the run's journal.
"""

from __future__ import annotations

import contextlib
import json
import pickle
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .result import Evaluated, masked
from .rows import Row
from .scorers import ScorerSpec

JOB, RESULT, LOG, TRACES = "job.pickle", "result.pickle", "log.txt", "traces"
# The configuration comes on standard input: other users can see a process's arguments and
# environment, and it has credentials.
_BOOT = (
    "import json, sys; config = json.loads(sys.stdin.buffer.readline()); "
    "sys.path[:] = config['path']; "
    "from mlflow_on_kedro.evaluation.child import main; main(config)"
)
_LAST_LINES = 3


@dataclass(frozen=True)
class Job:
    """What is evaluated.

    Attributes:
        rows: The rows, in MLflow's form.
        scorers: The scorers.
        secrets: The values that no message may show; they are in no file.
    """

    rows: Sequence[Row]
    scorers: Sequence[ScorerSpec]
    secrets: Sequence[str] = ()


def evaluate(job: Job, environment: Mapping[str, str], folder: Path) -> Evaluated:
    """Evaluate rows; trouble is in the result's ``error``.

    Args:
        job: What is evaluated.
        environment: Variables by which the judge is called.
        folder: An empty folder, which has the rows' traces afterwards.
    """
    config: dict[str, Any] = {
        "path": sys.path,
        "folder": str(folder),
        "environment": dict(environment),
        "secrets": list(job.secrets),
    }
    try:
        (folder / JOB).write_bytes(pickle.dumps(replace(job, secrets=())))
    except Exception as error:  # pickling calls the code of any class
        return Evaluated(error=f"a row cannot be given to another process: {error}")
    try:
        _run(json.dumps(config).encode(), folder / LOG)
        result: Evaluated = pickle.loads((folder / RESULT).read_bytes())  # noqa: S301 - its own file
    except (OSError, EOFError, pickle.PickleError) as error:
        lines = _last_lines(folder / LOG) or str(error)
        return Evaluated(error=masked(lines, job.secrets))
    return result


def _run(config: bytes, log: Path) -> None:
    """Run the process; if this thread is interrupted, kill it."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _BOOT],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        pipe = process.stdin
        assert pipe is not None  # noqa: S101 - for mypy
        try:
            with contextlib.suppress(BrokenPipeError):
                pipe.write(config + b"\n")
                pipe.flush()
            process.wait()
        finally:
            process.kill()
            process.wait()
            with contextlib.suppress(OSError):  # the process has read less than was written
                pipe.close()


def _last_lines(log: Path) -> str:
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[-_LAST_LINES:])

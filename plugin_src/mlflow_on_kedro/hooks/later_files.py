"""Those files of :mod:`.provenance` that are made beside the first nodes."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..journal.entries import Text
from ..provenance import code_diff, files, hardware
from ..provenance.code_diff import CodeDiff
from ..provenance.environment import environment_text
from ..provenance.git_state import GitState
from ..provenance.packages import requirements_text

if TYPE_CHECKING:
    from ..config.sections import Provenance
    from ..tracking.tracked_run import TrackedRun

WAIT_SECONDS = 3.0
"""How long the end of a run may wait for git."""


def log_text(run: TrackedRun, path: str, content: str) -> None:
    """Log a text in which secrets are masked already, so that it stays the JSON or diff it is."""
    run.log_entry(Text(path, content))


class LaterFiles:
    """Logs what takes a while to find out, beside the first nodes.

    Args:
        run: The run.
        settings: Which files are wanted.
        git: The state of the code.
        command: The command that repeats the run.
        kedro: What Kedro was asked to run.
    """

    def __init__(
        self,
        run: TrackedRun,
        settings: Provenance,
        git: GitState,
        command: str,
        kedro: Mapping[str, Any],
    ) -> None:
        self._run, self._settings, self._git = run, settings, git
        self._command, self._kedro = command, kedro
        self._failure: Exception | None = None
        self._lock = threading.Lock()
        self._is_done = False

    def log(self) -> None:
        """Begin; the run does not end before it is done."""
        wanted = (self._settings.code, self._settings.packages, self._settings.environment)
        if any(wanted):
            thread = threading.Thread(
                target=self._find_out, name="mlflow_on_kedro provenance", daemon=True
            )
            thread.start()
            self._run.at_end(lambda: self._wait(thread))

    def _find_out(self) -> None:
        try:
            if self._settings.packages:
                log_text(self._run, files.PACKAGES, requirements_text())
            is_wanted = self._settings.code and self._git.changed
            self._finish(code_diff.read(self._run.root) if is_wanted else CodeDiff())
        except Exception as error:
            self._failure = error

    def _wait(self, thread: threading.Thread) -> None:
        thread.join(WAIT_SECONDS)
        if self._failure is not None:
            raise self._failure
        self._finish(CodeDiff(problem="git has not answered before the run ended"))

    def _finish(self, diff: CodeDiff) -> None:
        with self._lock:
            if self._is_done:
                return
            self._is_done = True
            if diff.text:
                log_text(self._run, files.CODE, diff.text)
            if self._settings.environment:
                machine = hardware.describe()
                text = environment_text(self._command, self._kedro, self._git, diff, machine)
                log_text(self._run, files.ENVIRONMENT, text)
                for tag, value in hardware.tags(machine).items():
                    self._run.set_tag(tag, value)

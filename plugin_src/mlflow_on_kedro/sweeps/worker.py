"""A worker process of a sweep: it runs one combination after another, and imports once."""

from __future__ import annotations

import _thread
import os
import queue
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from .combination import Combination, Setup

INTERRUPT_SECONDS = 1.0
"""How long this process may take to notice Ctrl-C."""
OUTPUT = "workers.log"
"""The file with what workers print beside combinations, in the sweep's folder."""
STOP = "stop"
"""The message that ends a worker, also while a combination runs."""


def main(connection: Connection, setup: Setup) -> None:
    """Run the combinations that arrive until None does, and send back their results.

    It also ends when the other process closes the connection, or is killed: then the run of the
    present combination ends as KILLED.

    Args:
        connection: Where combinations arrive.
        setup: What all of them have in common.
    """
    tasks: queue.SimpleQueue[Combination | None] = queue.SimpleQueue()
    ending = threading.Event()
    threading.Thread(target=_receive, args=(connection, tasks, ending), daemon=True).start()
    try:
        print_to(setup.folder / OUTPUT)
        _run_all(connection, setup, tasks)
    except KeyboardInterrupt:
        ending.set()
        sys.exit(1)  # and with the process its run ends as KILLED


def _run_all(
    connection: Connection, setup: Setup, tasks: queue.SimpleQueue[Combination | None]
) -> None:
    from kedro.framework.project import settings
    from kedro.framework.startup import bootstrap_project

    from .session import run_combination
    from .sweep_folder import SweepFolder

    bootstrap_project(setup.root)
    hooks: tuple[Any, ...] = tuple(settings.HOOKS)
    folder = SweepFolder(setup.folder)
    while (combination := tasks.get()) is not None:
        print_to(folder.log_file(combination.key))
        result = run_combination(setup, combination, hooks)
        # By this process, because the other one may be killed before it has the result.
        folder.add(result)
        connection.send(result)


def _receive(
    connection: Connection, tasks: queue.SimpleQueue[Combination | None], ending: threading.Event
) -> None:
    while True:
        try:
            message = connection.recv()
        except (EOFError, OSError):
            message = STOP
        if message == STOP:
            # Ctrl-C in a terminal interrupts this process, too; a signal would cut its end short.
            if not ending.wait(INTERRUPT_SECONDS):
                _end_process()
            return
        tasks.put(message)
        if message is None:  # there is no more to do
            return


def _end_process() -> None:
    """End this process, and with it its run as KILLED."""
    if os.name == "posix":
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        _thread.interrupt_main()


def print_to(path: Path) -> None:
    """Send what this process prints and logs, and those that it starts, to a file."""
    sys.stdout.flush()
    sys.stderr.flush()
    with path.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)

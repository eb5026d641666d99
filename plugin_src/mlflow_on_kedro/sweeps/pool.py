"""The worker processes of a sweep."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import worker
from .combination import FAILED, Combination, Result, Setup

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

END_SECONDS = 10.0
"""How long a worker may take to end its run."""


class _Worker:
    """One process, and the combination that it runs."""

    def __init__(self, setup: Setup) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would have this process's threads
        self.connection: Connection[Any, Any]
        self.connection, theirs = context.Pipe()
        # Not a daemon, which could have no processes of its own, as ParallelRunner's.
        self.process: SpawnProcess = context.Process(target=worker.main, args=(theirs, setup))
        with _output_to(setup.folder / worker.OUTPUT):  # Kedro logs a line when it is imported
            self.process.start()
        theirs.close()
        self.combination: Combination | None = None

    def begin(self, combination: Combination) -> None:
        self.combination = combination
        with contextlib.suppress(OSError):  # it has ended, which `result` finds
            self.connection.send(combination)

    def result(self) -> Result:
        """Receive the result; that of a process that has ended is a failure."""
        begun = self.combination
        assert begun is not None  # noqa: S101 - for the type checker
        self.combination = None
        try:
            received: Result = self.connection.recv()
        except (EOFError, OSError):
            self.process.join(END_SECONDS)
            code = self.process.exitcode
            how = f"was ended by signal {-code}" if code and code < 0 else f"exited with {code}"
            error = f"The process that ran it {how}."
            return Result(begun.key, begun.name, dict(begun.values), FAILED, error=error)
        return received

    @property
    def is_alive(self) -> bool:
        return self.process.is_alive() and not self.connection.closed

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.send(worker.STOP if self.combination is not None else None)
        self.connection.close()


@contextlib.contextmanager
def _output_to(path: Path) -> Iterator[None]:
    """Send what a process that is started in a block prints to a file, until it does so itself."""
    saved = [os.dup(number) for number in (1, 2)]
    try:
        worker.print_to(path)
        yield
    finally:
        for number, own in enumerate(saved, start=1):
            os.dup2(own, number)
            os.close(own)


class Pool:
    """Runs combinations in several worker processes; leaving the block ends them all.

    Args:
        setup: What all combinations have in common.
        jobs: The most processes.
    """

    def __init__(self, setup: Setup, jobs: int) -> None:
        self._setup = setup
        self._jobs = jobs
        self._workers: list[_Worker] = []

    def __enter__(self) -> Pool:  # noqa: PYI034 - `Self` came with Python 3.11
        return self

    def run(self, ask: Callable[[], Combination | None], tell: Callable[[Result], None]) -> None:
        """Run combinations until there are no more.

        Args:
            ask: Returns the next combination; None: there is none.
            tell: Is called with each result, in the order in which they end.
        """
        more = True
        while True:
            while more and len(self._busy) < self._jobs:
                combination = ask()
                if combination is None:
                    more = False
                else:
                    self._idle().begin(combination)
            if not self._busy:
                return
            ready = wait([one.connection for one in self._busy])
            for one in [one for one in self._busy if one.connection in ready]:
                result = one.result()
                if not one.is_alive:
                    self._workers.remove(one)
                tell(result)

    @property
    def _busy(self) -> list[_Worker]:
        return [one for one in self._workers if one.combination is not None]

    def _idle(self) -> _Worker:
        for one in list(self._workers):
            if one.combination is None:
                if one.is_alive:
                    return one
                self._workers.remove(one)
        self._workers.append(_Worker(self._setup))
        return self._workers[-1]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        workers, self._workers = self._workers, []
        for one in workers:
            one.stop()
        try:
            for one in workers:
                one.process.join(END_SECONDS)
        finally:  # also after a second Ctrl-C
            for one in workers:
                if one.process.is_alive():
                    one.process.kill()

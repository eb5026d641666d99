"""Locks between processes."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mlflow_on_kedro.utils import locks
from mlflow_on_kedro.utils.locks import Hold, locked

PLUGIN = Path(__file__).parents[3] / "plugin_src"

HOLDER = """
import sys, time
from pathlib import Path
from mlflow_on_kedro.utils.locks import Hold
hold = Hold(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


class TestHold:
    """A lock that lasts as long as its process, at most."""

    def test_one_at_a_time(self, tmp_path: Path) -> None:
        """What is held is refused at once, in the same process too, until it is released."""
        hold = Hold(tmp_path / "lock")
        with pytest.raises(BlockingIOError, match="is held"):
            Hold(tmp_path / "lock")
        hold.release()
        Hold(tmp_path / "lock").release()

    def test_a_second_try_leaves_the_first(self, tmp_path: Path) -> None:
        """To be refused does not take the lock from its holder: not once, not twice."""
        hold = Hold(tmp_path / "lock")
        for _ in range(3):
            with pytest.raises(BlockingIOError):
                Hold(tmp_path / "lock")
        hold.release()

    def test_released_twice(self, tmp_path: Path) -> None:
        """To release it again changes nothing."""
        hold = Hold(tmp_path / "lock")
        hold.release()
        hold.release()

    def test_a_killed_process_holds_nothing(self, tmp_path: Path) -> None:
        """Another process's hold is seen, and is gone once that process is killed."""
        path = tmp_path / "lock"
        with subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(path)],
            env={**os.environ, "PYTHONPATH": str(PLUGIN)},
            stdout=subprocess.PIPE,
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            with pytest.raises(BlockingIOError):
                Hold(path)
            holder.kill()
            holder.wait(30)
            Hold(path).release()

    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    def test_a_forked_child_leaves_it(self, tmp_path: Path) -> None:
        """A forked child has no part in it, and its end does not end it."""
        hold = Hold(tmp_path / "lock")
        child = os.fork()
        if child == 0:
            hold.release()
            os._exit(0)
        os.waitpid(child, 0)
        with pytest.raises(BlockingIOError):
            Hold(tmp_path / "lock")
        hold.release()

    def test_no_folder(self, tmp_path: Path) -> None:
        """Where the file cannot be made it is an ``OSError`` that names it, not a held lock."""
        with pytest.raises(OSError, match="lock: unable to open") as caught:
            Hold(tmp_path / "missing" / "lock")
        assert not isinstance(caught.value, BlockingIOError)

    def test_a_damaged_file(self, tmp_path: Path) -> None:
        """A file that is no lock is an ``OSError`` that names it."""
        (tmp_path / "lock").write_bytes(b"no SQLite file" * 100)
        with pytest.raises(OSError, match="lock: file is not a database"):
            Hold(tmp_path / "lock")


class TestOtherMachine:
    """A lock in a folder that several machines share, of which each sees its own locks only."""

    def other(self, path: Path, age: float = 0.0) -> Path:
        """Leave what another machine leaves that holds a lock, and has refreshed it lately."""
        machine = path.with_name(f"{path.name}.machine")
        machine.write_text("another-machine")
        moment = time.time() - age
        os.utime(machine, (moment, moment))
        return machine

    def test_the_name_is_left(self, tmp_path: Path) -> None:
        """Who holds a lock leaves the machine's name beside it, and takes it away again."""
        hold = Hold(tmp_path / "lock")
        assert (tmp_path / "lock.machine").read_text() == platform.node()
        hold.release()
        assert {path.name for path in tmp_path.iterdir()} == {"lock"}

    def test_it_holds(self, tmp_path: Path) -> None:
        """A lock that another machine has refreshed lately is held, and stays so."""
        machine = self.other(tmp_path / "lock", locks.STALE_SECONDS - 10)
        for _ in range(2):
            with pytest.raises(BlockingIOError, match="held by the machine another-machine"):
                Hold(tmp_path / "lock")
        assert machine.read_text() == "another-machine"
        assert {path.name for path in tmp_path.iterdir()} == {"lock", "lock.machine"}
        machine.unlink()
        Hold(tmp_path / "lock").release()

    def test_it_is_dead(self, tmp_path: Path) -> None:
        """One that it has not refreshed for long is taken over."""
        machine = self.other(tmp_path / "lock", locks.STALE_SECONDS + 1)
        hold = Hold(tmp_path / "lock")
        assert machine.read_text() == platform.node()
        hold.release()

    def test_this_machine(self, tmp_path: Path) -> None:
        """A process of this machine that was killed holds nothing, however lately it lived."""
        self.other(tmp_path / "lock").write_text(platform.node())
        Hold(tmp_path / "lock").release()

    def test_it_is_refreshed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """As long as it is held the others see that its machine lives."""
        monkeypatch.setattr(locks, "REFRESH_SECONDS", 0.05)
        hold = Hold(tmp_path / "lock")
        machine = tmp_path / "lock.machine"
        os.utime(machine, (5, 5))
        deadline = time.monotonic() + 30
        while machine.stat().st_mtime == 5 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert time.time() - machine.stat().st_mtime < 60
        hold.release()

    def test_no_thread_can_be_started(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """At the end of a process, where Python 3.12 starts no thread, a lock is taken as ever."""

        def no_thread(_: threading.Thread) -> None:
            raise RuntimeError("can't create new thread at interpreter shutdown")

        monkeypatch.setattr(threading.Thread, "start", no_thread)
        hold = Hold(tmp_path / "lock")
        with pytest.raises(BlockingIOError):
            Hold(tmp_path / "lock")
        hold.release()

    @pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
    def test_a_forked_child_leaves_the_name(self, tmp_path: Path) -> None:
        """A forked child that releases it does not take the name away from its parent."""
        hold = Hold(tmp_path / "lock")
        child = os.fork()
        if child == 0:
            hold.release()
            os._exit(0)
        os.waitpid(child, 0)
        assert (tmp_path / "lock.machine").exists()
        hold.release()


class TestLocked:
    """A block that one at a time is in."""

    def test_threads_wait_for_each_other(self, tmp_path: Path) -> None:
        """Of several threads one at a time is in the block, and all get there."""
        inside: list[int] = []
        most = 0

        def work(number: int) -> None:
            nonlocal most
            with locked(tmp_path / "deep" / "lock"):
                inside.append(number)
                most = max(most, len(inside))
                time.sleep(0.01)
                inside.remove(number)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(work, range(12)))
        assert most == 1

    def test_an_error_inside_releases(self, tmp_path: Path) -> None:
        """A block that fails leaves the lock to the next."""
        with pytest.raises(ZeroDivisionError), locked(tmp_path / "lock"):
            raise ZeroDivisionError
        entered = threading.Event()
        with locked(tmp_path / "lock"):
            entered.set()
        assert entered.is_set()

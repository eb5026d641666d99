"""How long a thread imports modules."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow_on_kedro.utils import import_times, import_watch

SLOW = "import time\ntime.sleep(0.2)\nimport {inner}\n"


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Modules ``slow_outer``, which imports ``slow_inner``, and ``broken``."""
    (tmp_path / "slow_outer.py").write_text(SLOW.format(inner="slow_inner"))
    (tmp_path / "slow_inner.py").write_text(SLOW.format(inner="os"))
    (tmp_path / "broken.py").write_text(SLOW.format(inner="os") + "1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    import_times.start()
    yield
    import_times.stop()
    for name in ("slow_outer", "slow_inner", "broken"):
        sys.modules.pop(name, None)


def test_the_first_import_is_measured_once() -> None:
    """What a module imports itself is within its own time; importing it again takes none."""
    before = import_times.seconds()
    importlib.import_module("slow_outer")
    first = import_times.seconds()
    importlib.import_module("slow_outer")
    importlib.import_module("slow_inner")

    assert 0.4 <= first - before < 0.8
    assert import_times.seconds() == first


def test_each_thread_has_its_own() -> None:
    """A thread's imports are not those of the others."""
    measured = []

    def work() -> None:
        importlib.import_module("slow_inner")
        measured.append(import_times.seconds())

    before = import_times.seconds()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert measured[0] >= 0.2
    assert import_times.seconds() == before


def test_a_module_is_as_without_it() -> None:
    """Loader and source are found as ever, and a module can be loaded again."""
    module = importlib.import_module("slow_inner")

    assert type(module.__loader__).__name__ == "SourceFileLoader"
    assert "exec_module" not in vars(module.__loader__)
    assert importlib.reload(module) is module


def test_errors_pass() -> None:
    """A module that fails, or is not there, raises what it would without."""
    before = import_times.seconds()
    with pytest.raises(ZeroDivisionError):
        importlib.import_module("broken")
    with pytest.raises(ModuleNotFoundError, match="'no_such_module'"):
        importlib.import_module("no_such_module")

    assert import_times.seconds() - before >= 0.2
    assert importlib.util.find_spec("no_such_module") is None


def test_beside_others_that_watch_imports() -> None:
    """Whichever was there first, both do their work."""
    seen: list[str] = []
    import_watch.when_imported(lambda: seen.append("inner"), "slow_inner")
    import_times.stop()
    import_times.start()
    import_watch.when_imported(lambda: seen.append("outer"), "slow_outer")
    before = import_times.seconds()
    importlib.import_module("slow_outer")

    assert seen == ["inner", "outer"]
    assert import_times.seconds() - before >= 0.4


def test_it_can_be_stopped() -> None:
    """Nothing is left behind, and starting twice is starting once."""
    import_times.start()
    import_times.stop()

    assert not [finder for finder in sys.meta_path if "import_times" in type(finder).__module__]
    assert import_times.seconds() == 0.0


def test_missing_module_is_looked_for_once() -> None:
    """Only the first import of a module that is not there is measured: Python searches anyway."""
    import_times.start()
    try:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("is_not_installed_here")
        once = import_times.seconds()
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("is_not_installed_here")
        assert import_times.seconds() == once > 0
    finally:
        import_times.stop()

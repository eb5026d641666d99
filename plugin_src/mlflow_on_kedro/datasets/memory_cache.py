"""The value of an ``MLflowDataset`` in the memory of this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro.io import MemoryDataset

_IMMUTABLE = (int, float, str, bytes)


class MemoryCache:
    """The last saved value.

    A pickled copy is empty: another process loads from the file or from MLflow.

    Args:
        copy_mode: How the value is copied: see Kedro's ``MemoryDataset``; None: by its type.

    Attributes:
        saves: How often a value was saved since the last :meth:`clear`.
        load: Returns the value; None if there is none.
    """

    def __init__(self, copy_mode: str | None) -> None:
        self._copy_mode = copy_mode
        self.clear()

    def clear(self) -> None:
        """Forget the value."""
        self.saves = 0
        self.load: Callable[[], Any] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"_copy_mode": self._copy_mode, "saves": 0, "load": None}

    def record(self, data: Any, *, keep: bool) -> None:
        """Count a save, and keep the value or forget the one before."""
        self.saves += 1
        if not keep:
            self.load = None
        elif isinstance(data, _IMMUTABLE):  # `MemoryDataset` takes longer to find out how to copy
            self.load = lambda: data
        else:
            memory = MemoryDataset(copy_mode=self._copy_mode)  # type: ignore[arg-type]
            memory.save(data)
            self.load = memory.load

"""``KeptValue``: a value of a sweep's shared nodes, kept on disk for all combinations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError


class KeptValue(AbstractDataset[Any, Any]):
    """A pickle file in the sweep's folder, in the place of a dataset that is in memory otherwise.

    Args:
        filepath: The file.

    Example:
        >>> import tempfile
        >>> kept = KeptValue(f"{tempfile.mkdtemp()}/sizes.pkl")
        >>> kept.save({"train": 3})
        >>> kept.load()
        {'train': 3}
    """

    logs_as_unlisted = True
    """The catalog does not list it, so automatic logging sees it as a value in memory."""

    def __init__(self, filepath: str) -> None:
        self._file = Path(filepath)

    def load(self) -> Any:
        """Load the value."""
        import cloudpickle  # type: ignore[import-untyped]

        with self._file.open("rb") as file:
            return cloudpickle.load(file)

    def save(self, data: Any) -> None:
        """Save the value; cloudpickle, which comes with MLflow, takes lambdas, too.

        Raises:
            DatasetError: It cannot be pickled.
        """
        import cloudpickle

        self._file.parent.mkdir(parents=True, exist_ok=True)
        try:
            content = cloudpickle.dumps(data)
        except Exception as error:
            raise DatasetError(
                f"'{self._file.stem}' ({type(data).__name__}) cannot be kept for the combinations "
                f"of a sweep: {error}. List it in the catalog, or run `kedro mlflow sweep` with "
                "--no-reuse."
            ) from error
        self._file.write_bytes(content)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._file}

    def _exists(self) -> bool:
        return self._file.exists()

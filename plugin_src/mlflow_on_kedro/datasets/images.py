"""``dataset: images``: a series of pictures by step, which the MLflow UI shows with a slider."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from ..utils.clock import now_ms
from ..utils.mlflow_limits import with_digest
from . import converters

FOLDER = "images"
"""The folder among a run's artifacts in which the MLflow UI looks for pictures."""
TAG = "mlflow.loggedImages"
"""Marks a run with such pictures: ``mlflow.utils.mlflow_tags.MLFLOW_LOGGED_IMAGES``."""

# `MlflowClient.log_image` writes <key>+step+<step>+timestamp+<ms>+<id>.png, and a small copy; older
# releases write `%` for `+`.
_NAME = re.compile(r"(?P<key>.+?)[+%]step[+%](?P<step>-?\d+)[+%]timestamp[+%](?P<time>\d+)[+%].*")
_ILLEGAL_IN_KEYS = re.compile(r"[^A-Za-z0-9_\-. ]")
_NO_RUN, _NO_SERVER = "0" * 32, "http://localhost"


class ImageSeries(AbstractDataset[Any, dict[int, Any]]):
    """A series of pictures by step, in a folder, with the file names of MLflow's ``log_image``.

    ``save`` takes ``{step: picture}``, a list or one picture; pictures without a step get the next
    ones. A picture is a Pillow image, a NumPy array or a Matplotlib figure. The first save of a
    pipeline's run replaces the files of earlier runs and the others add to it, so a generator node
    may yield one picture after another. ``load`` returns ``{step: Pillow image}``.

    Args:
        filepath: The folder; its name must be ``images``.
        key: The name of the series in MLflow.
        metadata: Any data; Kedro and this plugin ignore it.

    Raises:
        DatasetError: The folder has another name, or is not on a local disk.

    Example:
        >>> ImageSeries("data/mlflow/samples/images", "samples").exists()
        False
    """

    def __init__(self, filepath: str, key: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        if self._filepath.name != FOLDER or "://" in filepath:
            raise DatasetError(
                f"dataset: images needs a local folder that is named '{FOLDER}', such as "
                f"data/08_reporting/samples/{FOLDER}, and not {filepath}"
            )
        legal = _ILLEGAL_IN_KEYS.sub("_", key)
        # All series of a run are in one folder, and two names may differ in such characters only.
        self._key = legal if legal == key else with_digest(legal, key)
        self.metadata = metadata
        self._next: int | None = None

    def save(self, data: Any) -> None:
        """Write the pictures.

        Raises:
            DatasetError: A step is not a whole number, or a value is not a picture.
        """
        pictures = [(step, _picture(item)) for step, item in self._steps(data)]
        if self._next is None:
            for file in self._files():
                file.unlink()
            self._next = 0
        self._filepath.mkdir(parents=True, exist_ok=True)
        for step, picture in pictures:
            _write(self._filepath, picture, self._key, step)
            self._next = max(self._next, step + 1)

    def load(self) -> dict[int, Any]:
        """Read the pictures of this series; for a step with several, the last one."""
        from PIL import Image

        found: dict[int, Any] = {}
        originals = [file for file in self._files() if file.suffix == ".png"]
        for file in sorted(originals, key=_step_and_time):
            with Image.open(file) as picture:
                picture.load()
                found[_step_and_time(file)[0]] = picture
        if not found:
            raise DatasetError(f"There are no pictures of '{self._key}' in {self._filepath}.")
        return found

    def _steps(self, data: Any) -> Iterator[tuple[int, Any]]:
        first = self._next or 0
        if not isinstance(data, Mapping):
            items = data if isinstance(data, list | tuple) else [data]
            yield from enumerate(items, first)
            return
        for step, item in data.items():
            try:
                whole = int(step)
            except (TypeError, ValueError):
                whole = -1
            if whole < 0 or whole != step:
                raise DatasetError(
                    f"dataset: images takes {{step: picture}}, and a step is a whole number from 0 "
                    f"on, not {step!r:.60}."
                )
            yield whole, item

    def _files(self) -> list[Path]:
        if not self._filepath.is_dir():
            return []
        named = ((file, _NAME.fullmatch(file.stem)) for file in self._filepath.iterdir())
        return [file for file, name in named if name is not None and name["key"] == self._key]

    def _exists(self) -> bool:
        return bool(self._files())

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "key": self._key}


def _step_and_time(file: Path) -> tuple[int, int]:
    name = _NAME.fullmatch(file.stem)
    return (int(name["step"]), int(name["time"])) if name is not None else (0, 0)


def _picture(value: Any) -> Any:
    from PIL import Image

    if isinstance(value, Image.Image):
        return value
    if callable(getattr(value, "savefig", None)):  # a Matplotlib figure
        drawing = io.BytesIO()
        value.savefig(drawing, format="png")
        return Image.open(drawing)
    if hasattr(value, "dtype") and hasattr(value, "round"):
        return converters.image(value)
    raise DatasetError(
        f"dataset: images saves Pillow images, NumPy arrays and Matplotlib figures, not "
        f"{type(value)}."
    )


def _write(folder: Path, picture: Any, key: str, step: int) -> None:
    """Write a picture and its thumbnail, with MLflow's own code."""
    from mlflow import MlflowClient

    class FolderClient(MlflowClient):
        """A client that copies files to the folder instead of uploading them."""

        def log_artifact(self, run_id: str, local_path: str, artifact_path: Any = None) -> None:  # noqa: ARG002 - as MLflow's own
            shutil.copyfile(local_path, folder / Path(local_path).name)

        def set_tag(self, *_: Any, **__: Any) -> None:
            """Do nothing: the tag is set when the files are logged."""

    FolderClient(_NO_SERVER).log_image(
        _NO_RUN,
        picture,
        key=key,
        step=step,
        timestamp=now_ms(),
        synchronous=True,
    )

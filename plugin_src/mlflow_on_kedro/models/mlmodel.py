"""The ``MLmodel`` file, which makes a folder a model.

https://mlflow.org/docs/latest/ml/model/#mlmodel-file
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

MLMODEL = "MLmodel"


@contextlib.contextmanager
def with_ids(mlmodel: Path, **ids: str) -> Iterator[Path]:
    """Make a temporary copy of an ``MLmodel`` file with the ids that a model has once it is logged.

    The file itself stays unchanged, because the same folder may be logged to several runs.

    Args:
        mlmodel: The file.
        ids: Its fields, such as ``run_id`` and ``model_id``.

    Yields:
        The path of the copy.
    """
    import yaml

    content = yaml.safe_load(mlmodel.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / MLMODEL
        text = yaml.safe_dump({**content, **ids}, allow_unicode=True)
        path.write_text(text, encoding="utf-8")
        yield path

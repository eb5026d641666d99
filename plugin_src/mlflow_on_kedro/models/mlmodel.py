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
def identified(mlmodel: Path, **ids: str) -> Iterator[Path]:
    """A copy of an ``MLmodel`` file with the ids that its model gets only when it is uploaded.

    The local file stays as it is, since the same folder may be logged to several runs.

    Args:
        mlmodel: The file.
        ids: Its fields, such as ``run_id`` and ``model_id``.
    """
    import yaml

    content = yaml.safe_load(mlmodel.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / MLMODEL
        text = yaml.safe_dump({**content, **ids}, allow_unicode=True)
        path.write_text(text, encoding="utf-8")
        yield path

"""Where a dataset without ``filepath`` keeps its file."""

from __future__ import annotations

import re

from ..utils.pipeline_info import untranscoded

FOLDER = "data/mlflow"

# Beside what file systems forbid: MLflow's HTTP API cuts an artifact's name at `#` and `?`, and
# decodes the characters after a `%`.
_UNSAFE_IN_NAMES = re.compile(r'[\\/:*?"<>|#%\x00-\x1f]')


def default_filepath(name: str, suffix: str) -> str:
    """Return the default path of a dataset's file, relative to the project's root.

    Both sides of a transcoded dataset (``name@pandas``) share one file. The braces in the pattern
    of a dataset factory remain, for Kedro to replace.

    Example:
        >>> default_filepath("model", ".pkl")
        'data/mlflow/model.pkl'
    """
    safe = _UNSAFE_IN_NAMES.sub("_", untranscoded(name)).lstrip(".") or "_"
    return f"{FOLDER}/{safe}{suffix}"

"""The tags that the plugin alone reads: MLflow's UI shows no tag that begins with ``mlflow.``."""

from __future__ import annotations

from collections.abc import Mapping

HIDDEN = "mlflow.kedro."
"""What the names of these tags begin with."""
RERUN_TOKEN_TAG = f"{HIDDEN}rerun"
"""What `kedro mlflow rerun` finds the run by that it has started."""
_EARLIER = "mlflow_on_kedro."
"""What they began with before, so that each was shown."""


def earlier(tag: str) -> str:
    """Return the name that a tag had before.

    Example:
        >>> earlier("mlflow.kedro.journal")
        'mlflow_on_kedro.journal'
    """
    return tag.replace(HIDDEN, _EARLIER, 1)


def value(tags: Mapping[str, str], tag: str) -> str | None:
    """Return the value of a tag, also if a run of before has it; None if there is none."""
    return tags.get(tag, tags.get(earlier(tag)))

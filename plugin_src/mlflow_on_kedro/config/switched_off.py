"""Whether a run is tracked: ``enabled`` and ``disabled_pipelines`` in mlflow.yml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..utils.pipeline_info import pipeline_names
from .sections import Config


def is_switched_off(config: Config, run_params: Mapping[str, Any]) -> bool:
    """Return whether a run is not tracked.

    A run of several pipelines (``kedro run --pipelines=a,b``) is tracked unless all are disabled.

    Args:
        config: The configuration.
        run_params: The argument of Kedro's ``before_pipeline_run``.

    Example:
        >>> is_switched_off(Config(disabled_pipelines=["a"]), {"pipeline_names": ["a"]})
        True
    """
    disabled = config.disabled_pipelines
    return not config.enabled or all(name in disabled for name in pipeline_names(run_params))

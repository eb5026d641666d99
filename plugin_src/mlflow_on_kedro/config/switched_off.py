"""Whether a pipeline is tracked at all: ``enabled`` and ``disabled_pipelines``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..utils.pipeline_info import pipeline_names
from .sections import Config


def is_switched_off(config: Config, run_params: Mapping[str, Any]) -> bool:
    """Tell whether a run is not to be tracked.

    Of several pipelines (``kedro run --pipelines=a,b``) all have to be disabled.

    Args:
        config: The whole configuration.
        run_params: What Kedro's ``before_pipeline_run`` gets.

    Example:
        >>> is_switched_off(Config(disabled_pipelines=["a"]), {"pipeline_names": ["a"]})
        True
    """
    off = config.disabled_pipelines
    return not config.enabled or all(name in off for name in pipeline_names(run_params))

"""Whether a pipeline is tracked at all: ``enabled`` and ``disabled_pipelines``."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from ..utils.suggestions import did_you_mean
from .sections import Config

logger = logging.getLogger(__name__)

DEFAULT = "__default__"


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
    asked = asked_for(run_params)
    off = config.disabled_pipelines
    if off and asked == [DEFAULT]:  # else Kedro may not have loaded the others
        _say_unknown(off)
    return not config.enabled or all(name in off for name in asked)


def asked_for(run_params: Mapping[str, Any]) -> list[str]:
    """The names of the pipelines that run.

    Example:
        >>> asked_for({"pipeline_name": "a"}), asked_for({"pipeline_names": None})
        (['a'], ['__default__'])
    """
    single = run_params.get("pipeline_name")  # Kedro before it knew several
    return list(run_params.get("pipeline_names") or [single or DEFAULT])


def _say_unknown(names: Sequence[str]) -> None:
    from kedro.framework.project import pipelines

    known = sorted(pipelines)
    for name in names:
        if name not in known:
            logger.warning(
                "disabled_pipelines: there is no pipeline '%s'.%s", name, did_you_mean(name, known)
            )

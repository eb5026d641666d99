"""The project's registered pipelines, by the names that an entry of ``pipeline_models`` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ConfigError
from ..utils.secrets import mask_secrets
from ..utils.suggestions import did_you_mean

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline

_LONGEST_REASON = 500


def find(role: str, name: str, where: str) -> Pipeline:
    """Find a registered pipeline, also one that Kedro has not loaded for this command.

    Args:
        role: The key that names it, for messages.
        name: The pipeline's name.
        where: The entry, for messages.

    Raises:
        ConfigError: It is not registered, or the project's pipelines cannot be registered together,
            for example because two nodes have one name or one output.
    """
    from kedro.framework.project import pipelines

    try:
        if name not in pipelines and hasattr(pipelines, "set_requested"):
            pipelines.set_requested(None)  # Kedro has loaded no others than the command names
        known = sorted(pipelines)
    except Exception as error:  # of the project's own code
        said = " ".join(mask_secrets(f"{type(error).__name__}: {error}").split())
        raise ConfigError(
            f"{where}: '{role}' names the pipeline '{name}', which cannot be looked up, because "
            "this project's pipelines cannot be registered together. Correct pipeline_registry.py "
            "or the pipelines that it adds up; `kedro registry list` shows the same error. "
            f"({said[:_LONGEST_REASON]})"
        ) from None
    if name not in known:
        raise ConfigError(
            f"{where}: '{role}' names the pipeline '{name}', which is not registered. "
            f"There: {', '.join(known)}.{did_you_mean(name, known)}"
        )
    found: Pipeline = pipelines[name]
    return found

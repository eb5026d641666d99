"""Find the registered pipelines that an entry of ``pipeline_models`` names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ConfigError
from ..utils.secrets import mask_secrets
from ..utils.suggestions import did_you_mean

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline

_LONGEST_REASON = 500


def find_pipeline(role: str, name: str, where: str) -> Pipeline:
    """Find a registered pipeline, also one that Kedro has not loaded for this command.

    Args:
        role: The key in mlflow.yml that names the pipeline, for messages.
        name: The pipeline's name.
        where: How messages name the entry.

    Raises:
        ConfigError: The pipeline is not registered, or the project's pipelines cannot be registered
            together, for example because two nodes have the same name or output.
    """
    from kedro.framework.project import pipelines

    try:
        if name not in pipelines and hasattr(pipelines, "set_requested"):
            pipelines.set_requested(None)  # Kedro has loaded only those that the command names
        known = sorted(pipelines)
    except Exception as error:  # the project's own code may raise anything
        cause = " ".join(mask_secrets(f"{type(error).__name__}: {error}").split())
        raise ConfigError(
            f"{where}: '{role}' names the pipeline '{name}', which cannot be looked up, because "
            "this project's pipelines cannot be registered together. Correct pipeline_registry.py "
            "or the pipelines that it adds up; `kedro registry list` shows the same error. "
            f"({cause[:_LONGEST_REASON]})"
        ) from None
    if name not in known:
        raise ConfigError(
            f"{where}: '{role}' names the pipeline '{name}', which is not registered. "
            f"There: {', '.join(known)}.{did_you_mean(name, known)}"
        )
    found: Pipeline = pipelines[name]
    return found

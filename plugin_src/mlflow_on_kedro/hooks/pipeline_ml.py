"""The models of training pipelines that ``pipeline_ml_factory`` has made, as in kedro-mlflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..config.model_entries import pipeline_model
from ..errors import ConfigError
from ..utils.pipeline_info import pipeline_names

if TYPE_CHECKING:
    from ..pipeline_models.spec import PipelineModelSpec


def specs(run_params: Mapping[str, Any]) -> Iterator[PipelineModelSpec]:
    """Make the specs of the models that the pipelines of a run train.

    Args:
        run_params: Kedro's parameters of the run, such as the pipelines' names.

    Raises:
        ConfigError: The training and the inference of a model do not fit, or an argument is wrong.
    """
    from kedro.framework.project import pipelines
    from kedro.pipeline import Pipeline

    for name in pipeline_names(run_params):
        pipeline: Any = pipelines.get(name)
        # Not an `isinstance`: kedro-mlflow itself may have made it, and is not imported for that.
        if not hasattr(pipeline, "log_model_kwargs"):
            continue
        from ..compat.kedro_mlflow.pipeline_ml import model_entry
        from ..pipeline_models.spec import PipelineModelSpec

        found = model_entry(pipeline)
        if found is None:
            continue
        where = f"pipeline_ml_factory of the pipeline '{name}'"
        if found.unknown:
            raise ConfigError(
                f"{where}: log_model_kwargs has what a pipeline's model does not take: "
                f"{', '.join(found.unknown)}. Leave that out."
            )
        entry = {**found.entry, "training": name, "inference": f"{name}'s inference"}
        yield PipelineModelSpec.from_pipelines(
            found.name,
            pipeline_model(found.name, entry, where),
            where,
            Pipeline(pipeline.nodes),
            pipeline.inference,
        )

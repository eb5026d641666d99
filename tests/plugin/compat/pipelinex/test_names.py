"""Where the names of PipelineX are here."""

from __future__ import annotations

import mlflow_on_kedro
import pytest
from mlflow_on_kedro.compat.pipelinex.names import NAMES, instead_of, name_here


def test_same_names() -> None:
    """Each name that is said to be here is public here."""
    assert set(NAMES) <= set(mlflow_on_kedro.__all__)


@pytest.mark.parametrize(
    ("path", "here"),
    [
        ("pipelinex.MLflowBasicLoggerHook", "mlflow_on_kedro.MLflowBasicLoggerHook"),
        (
            "pipelinex.mlflow_on_kedro.hooks.mlflow.mlflow_basic_logger.MLflowBasicLoggerHook",
            "mlflow_on_kedro.MLflowBasicLoggerHook",
        ),
        ("pipelinex.extras.decorators.mlflow_logger.mlflow_log_time", NAMES["mlflow_log_time"]),
        ("pipelinex.HatchDict", None),
        ("pipelinex", None),
        ("other.MLflowBasicLoggerHook", None),
    ],
)
def test_name_here(path: str, here: str | None) -> None:
    """A name is the same here, wherever PipelineX had it."""
    assert name_here(path) == here


def test_instead_of() -> None:
    """What is not here has a way of its own, or a general one."""
    assert "parameters that are plain values" in instead_of("pipelinex.HatchDict")
    assert "a function of your own" in instead_of("pipelinex.CvResize")

"""Imports of other plugins in Python files."""

from __future__ import annotations

import pytest
from mlflow_on_kedro.commands.migrating.python_text import rewritten

FACTORY = "from mlflow_on_kedro.compat import pipeline_ml_factory"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from kedro_mlflow.pipeline import pipeline_ml_factory", FACTORY),
        ("from kedro_mlflow.pipeline.pipeline_ml_factory import pipeline_ml_factory", FACTORY),
        (
            "from kedro_mlflow.pipeline import (\n    pipeline_ml_factory as ml,  # a model\n)",
            "from mlflow_on_kedro.compat import (\n    pipeline_ml_factory as ml,  # a model\n)",
        ),
        (
            "def f():\n    from kedro_mlflow.pipeline import pipeline_ml_factory as p, Other\n",
            f"def f():\n    {FACTORY} as p\n    from kedro_mlflow.pipeline import Other\n",
        ),
        ("import kedro\n\n# kedro_mlflow\nX = 'kedro_mlflow'\n", None),
    ],
)
def test_imports(before: str, after: str | None) -> None:
    """Only the import's own words are changed."""
    for end in ("\n", "\r\n"):
        text = "\ufeff# é\n" + before
        found = rewritten(text.replace("\n", end))
        assert found.text == ("\ufeff# é\n" + (after or before)).replace("\n", end)
        assert rewritten(found.text).text == found.text


def test_what_nobody_has() -> None:
    """A name that kedro-mlflow may not have either is not said to be its."""
    found = rewritten("from kedro_mlflow.nowhere import thing\n")
    assert found.findings[0][1].startswith(
        "this plugin has nothing in place of 'kedro_mlflow.nowhere.thing'. Take it out"
    )


def test_what_is_left() -> None:
    """It is named with its line, and with what there is here."""
    text = '''\
import kedro_mlflow.config
from kedro_mlflow.io.metrics import MlflowMetricDataSet
from kedro_mlflow.framework.hooks import MlflowHook
def test():
    """kedro_mlflow.io is named only."""
    return {"type": "kedro_mlflow.io.artifacts.MlflowArtifactDataset"}
'''
    found = rewritten(text)
    assert (found.text, found.uses) == (text, {"kedro-mlflow"})
    assert [(line, message.partition(". ")[2]) for line, message in found.findings] == [
        (1, "Take it out, or write it without kedro-mlflow"),
        (2, "Here it is `mlflow_on_kedro.MLflowDataset`, whose arguments the manual has"),
        (3, "Here it is `mlflow_hooks()` of mlflow_on_kedro, in HOOKS of settings.py"),
        (6, "Here it is `mlflow_on_kedro.MLflowDataset`, whose arguments the manual has"),
    ]

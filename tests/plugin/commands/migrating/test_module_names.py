"""Names that are used through a module."""

from __future__ import annotations

import pytest
from mlflow_on_kedro.commands.migrating.python_text import rewritten

HOOK = "MLflowTimeLoggerHook()"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            f"import pipelinex\nx = pipelinex.{HOOK}",
            f"import mlflow_on_kedro\nx = mlflow_on_kedro.{HOOK}",
        ),
        (
            f"import os, pipelinex as p, sys  # é\nx = [p.{HOOK}, os]",
            f"import os, mlflow_on_kedro, sys  # é\nx = [mlflow_on_kedro.{HOOK}, os]",
        ),
        (
            (
                "import pipelinex.mlflow_on_kedro.hooks.mlflow\n"
                f"x = pipelinex.mlflow_on_kedro.hooks.mlflow.{HOOK}"
            ),
            f"import mlflow_on_kedro\nx = mlflow_on_kedro.{HOOK}",
        ),
        (
            "import pipelinex\n@pipelinex.mlflow_log_time\ndef f(): pass",
            "import mlflow_on_kedro\n@mlflow_on_kedro.mlflow_log_time\ndef f(): pass",
        ),
        (
            "import pipelinex as p\nx = [p.AddTransformersHook(p.MLflowIOTimeLoggerTransformer())]",
            "import mlflow_on_kedro\nx = [mlflow_on_kedro.MLflowIOTimeLoggerTransformer()]",
        ),
    ],
)
def test_modules(old: str, new: str) -> None:
    """The import and all that is used of it are this plugin's."""
    found = rewritten(old)
    assert (found.text, found.findings) == (new, [])
    assert rewritten(new).text == new


def test_what_has_no_place_here() -> None:
    """The module stays imported for it, and it is said with its line."""
    uses = f"    pipelinex.HatchDict(a)\n    return pipelinex.{HOOK}\n"
    old = f"def f(a):\n    import pipelinex\n{uses}"
    found = rewritten(old)
    assert found.text == old.replace(f"pipelinex.{HOOK}", f"mlflow_on_kedro.{HOOK}").replace(
        "    import pipelinex\n", "    import pipelinex\n    import mlflow_on_kedro\n"
    )
    ((line, message),) = found.findings
    assert line == 4
    assert message.startswith("'pipelinex.HatchDict' is PipelineX's. Here it is an object that")


def test_other_modules() -> None:
    """Only the tracking of Kedro-Viz is gone; another module of the same name is nobody's."""
    for text in ("from kedro_viz.launchers.jupyter import run_viz", "import pipelinex_other as p"):
        found = rewritten(text)
        assert (found.text, found.findings, found.uses) == (text, [], set())

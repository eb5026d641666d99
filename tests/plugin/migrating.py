"""What tests of `kedro mlflow migrate` share."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from click.testing import CliRunner, Result


def migrate(project: Any, *words: str, said: str = "") -> Result:
    """Run the command; ``said`` is what the user types."""
    from kedro.framework.startup import bootstrap_project
    from mlflow_on_kedro.cli import cli

    metadata = SimpleNamespace(**bootstrap_project(project.root)._asdict())
    return CliRunner().invoke(cli, ["mlflow", "migrate", *words], obj=metadata, input=said)


def content_of(project: Any, run: Any) -> dict[str, Any]:
    """What a run has in MLflow, but what differs from run to run."""
    models = project.client.search_logged_models(
        [run.info.experiment_id], filter_string=f"source_run_id = '{run.info.run_id}'"
    )
    return {
        "name": run.info.run_name,
        "params": run.data.params,
        "metrics": {key: value for key, value in run.data.metrics.items() if "time/" not in key},
        "artifacts": {
            path for path in project.artifacts(run.info.run_id) if not path.startswith("kedro/")
        },
        "models": sorted(model.name for model in models),
    }

"""Trainings that log a metric at each step: all of it is in the pipeline's run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.frameworks

STEPS = 500
LIGHTNING = f"""
from kedro.pipeline import node, pipeline


def train():
    import lightning
    import torch

    class Net(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(4, 1)

        def training_step(self, batch, _):
            loss = self.layer(batch[0]).pow(2).mean()
            self.log("loss", loss, on_step=True, on_epoch=False)
            return loss

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.01)

    rows = torch.utils.data.TensorDataset(torch.rand({STEPS}, 4))
    trainer = lightning.Trainer(
        max_epochs=1,
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        logger=False,
        default_root_dir="checkpoints",
    )
    trainer.fit(Net(), torch.utils.data.DataLoader(rows, batch_size=1))
    trainer.save_checkpoint("checkpoints/last.ckpt")
    return 1


def create_pipeline():
    return pipeline([node(train, None, "done")])
"""
LOOP = f"""
from kedro.pipeline import node, pipeline


def train():
    import mlflow
    import torch

    layer = torch.nn.Linear(4, 1)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.01)
    for step in range({STEPS}):
        loss = layer(torch.rand(1, 4)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mlflow.log_metric("loss", float(loss), step=step)
    return 1


def create_pipeline():
    return pipeline([node(train, None, "done")])
"""


@pytest.mark.parametrize("kind", ["lightning", "loop"])
def test_training(make_project: Callable[..., Any], kind: str) -> None:
    """Each step has its point, in order; the checkpoint is there, once."""
    pytest.importorskip("lightning")
    project = make_project(
        LIGHTNING if kind == "lightning" else LOOP,
        mlflow={
            "autolog": {"pytorch": {"log_models": False, "log_every_n_step": 1}},
            "artifacts": {"after_pipeline_run": ["checkpoints/*.ckpt"], "every": 1},
            "logs": True,
        },
    )
    ran = project.kedro("run", env={"MLFLOW_ENABLE_ASYNC_LOGGING": "true"})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    run = project.run
    points = project.client.get_metric_history(run.info.run_id, "loss")
    steps = sorted(point.step for point in points)
    first = 1 if kind == "lightning" else 0  # MLflow logs after Lightning has counted the step
    assert steps == list(range(first, first + STEPS))
    artifacts = project.artifacts(run.info.run_id)
    assert "kedro/run.log" in artifacts
    assert ("last.ckpt" in artifacts) == (kind == "lightning")

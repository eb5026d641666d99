"""Addresses in MLflow's UI, which are the part of a URL after the server's."""

from __future__ import annotations

VIEW = "workflowType=machine_learning"
"""Without it a fresh browser opens MLflow 3 in its GenAI view, which hides runs."""


def run_page(experiment: str, run_id: str) -> str:
    """Return the address of a run's page.

    Args:
        experiment: The experiment's id.
        run_id: The run's id.

    Example:
        >>> run_page("1", "ab12")
        '/#/experiments/1/runs/ab12?workflowType=machine_learning'
    """
    return f"/#/experiments/{experiment}/runs/{run_id}?{VIEW}"

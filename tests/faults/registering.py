"""Registering a run's model in a process of its own, which a test can kill.

Called as ``python registering.py URI RUN_ID``.
"""

from __future__ import annotations

import sys

from mlflow_on_kedro.models.registry import register_models
from mlflow_on_kedro.tracking import store

if __name__ == "__main__":
    uri, run_id = sys.argv[1:]
    register_models(store.connect(uri), run_id, uri)

"""What is autologged: the names of MLflow without which it cannot be restored."""

from __future__ import annotations

import mlflow
import pytest
from mlflow.utils import import_hooks
from mlflow.utils.autologging_utils import AUTOLOGGING_INTEGRATIONS, autologging_is_disabled
from mlflow_on_kedro.mlflow_internals import autolog_state
from mlflow_on_kedro.mlflow_internals.autolog_state import AutologState

pytestmark = pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning")


def test_names() -> None:
    """MLflow's tables are where they were, and a flavor's function is known by its attribute."""
    assert isinstance(AUTOLOGGING_INTEGRATIONS, dict)
    assert isinstance(import_hooks._post_import_hooks, dict)
    assert autolog_state.is_autolog_function(mlflow.sklearn.autolog)
    assert not autolog_state.is_autolog_function(mlflow.log_metric)
    assert mlflow.sklearn.autolog.integration_name == "sklearn"
    assert autolog_state.library_of_flavors()["sklearn"] == "sklearn"


def test_restore() -> None:
    """A flavor that is switched on is off again, also for MLflow."""
    assert autologging_is_disabled("sklearn")
    state = AutologState()
    mlflow.sklearn.autolog(log_models=False)
    assert not autologging_is_disabled("sklearn")
    state.restore()
    assert autologging_is_disabled("sklearn")

"""Models, their registry, evaluation and autologging."""

from __future__ import annotations

from typing import Any

import mlflow

from .values import refused, run_id

NEEDS: list[str] = ["scikit-learn"]


class Plus(mlflow.pyfunc.PythonModel):
    """Adds one."""

    def predict(self, model_input: list[float]) -> list[float]:
        """Add one to each."""
        return [each + 1 for each in model_input]


def fitted() -> Any:
    from sklearn.linear_model import LinearRegression

    return LinearRegression().fit([[1.0], [2.0]], [2.0, 4.0])


def log_model() -> Any:
    info = mlflow.sklearn.log_model(
        fitted(), name="line", pip_requirements=NEEDS, params={"a": 1}, tags={"t": "x"},
        model_type="line", step=3, metadata={"m": 1},
    )  # fmt: skip
    loaded = mlflow.sklearn.load_model(info.model_uri)
    by_run = mlflow.pyfunc.load_model(f"runs:/{run_id()}/line")
    logged = mlflow.get_logged_model(info.model_id)
    mlflow.log_metric("of_model", 1, model_id=info.model_id)
    mlflow.set_logged_model_tags(info.model_id, {"later": "x"})
    mlflow.log_model_params({"b": "2"}, info.model_id)
    last = mlflow.last_logged_model()
    return [
        info.run_id == run_id(),
        loaded.predict([[3.0]]).round(3).tolist(),
        by_run.predict([[3.0]]).round(3).tolist(),
        [logged.name, str(logged.status), logged.params["a"], logged.source_run_id == run_id()],
        last is not None and last.model_id == info.model_id,
        [
            each.name
            for each in mlflow.search_logged_models(
                filter_string="name = 'line'", output_format="list"
            )
        ],
    ]


def log_and_register() -> Any:
    info = mlflow.pyfunc.log_model(
        name="plus", python_model=Plus(), pip_requirements=NEEDS,
        registered_model_name="registered_at_once",
    )  # fmt: skip
    made = mlflow.register_model(info.model_uri, "registered_later", tags={"t": "x"})
    by_run = mlflow.register_model(f"runs:/{run_id()}/plus", "registered_later")
    client = mlflow.MlflowClient()
    client.set_registered_model_alias("registered_later", "best", made.version)
    client.set_model_version_tag("registered_later", made.version, "v", "x")
    loaded = mlflow.pyfunc.load_model("models:/registered_later@best")
    return [
        made.version,
        by_run.version,
        made.run_id == run_id(),
        loaded.predict([1.0]),
        info.registered_model_version,
        client.get_model_version("registered_later", "1").run_id == run_id(),
    ]


def save_and_log_folder() -> Any:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        mlflow.pyfunc.save_model(f"{place}/saved", python_model=Plus(), pip_requirements=NEEDS)
        mlflow.log_artifacts(f"{place}/saved", "saved_model")
    return mlflow.pyfunc.load_model(f"runs:/{run_id()}/saved_model").predict([1.0])


def active_model() -> Any:
    mlflow.set_active_model(name="agent")
    active = mlflow.get_active_model_id()
    mlflow.log_metric("of_active_model", 1)
    mlflow.clear_active_model()
    return [active is not None, mlflow.get_active_model_id()]


def external_model() -> Any:
    model = mlflow.create_external_model(name="external", params={"a": "1"})
    return [model.source_run_id == run_id(), refused(mlflow.get_logged_model, "no such model")]


def model_in_nested() -> Any:
    with mlflow.start_run(run_name="with a model", nested=True) as child:
        info = mlflow.pyfunc.log_model(name="inner", python_model=Plus(), pip_requirements=NEEDS)
    return [
        info.run_id == child.info.run_id,
        mlflow.pyfunc.load_model(info.model_uri).predict([1.0]),
    ]


def evaluate() -> Any:
    import pandas as pd

    frame = pd.DataFrame({"y": [0, 1, 1, 0], "p": [0, 1, 0, 0]})
    result = mlflow.models.evaluate(
        data=mlflow.data.from_pandas(frame, targets="y", predictions="p", name="evaluated"),
        model_type="classifier",
        evaluator_config={"log_explainer": False},
    )
    return {name: round(value, 3) for name, value in sorted(result.metrics.items())}


def evaluate_function() -> Any:
    import pandas as pd

    result = mlflow.models.evaluate(
        lambda data: data["x"] * 2,
        data=pd.DataFrame({"x": [1.0, 2.0], "y": [2.0, 5.0]}),
        targets="y",
        model_type="regressor",
        evaluator_config={"log_explainer": False, "metric_prefix": "of_function_"},
    )
    return {name: round(value, 3) for name, value in sorted(result.metrics.items())}


def autologging() -> Any:
    import pandas as pd
    from sklearn.linear_model import Ridge

    mlflow.sklearn.autolog(log_models=True, log_datasets=True, extra_tags={"mine": "x"})
    try:
        x, y = pd.DataFrame({"x": [1.0, 2.0, 3.0]}), [2.0, 4.0, 6.0]
        model = Ridge(alpha=0.25).fit(x, y)
        model.score(x, y)
    finally:
        mlflow.sklearn.autolog(disable=True)
    return mlflow.get_run(run_id()).data.params["alpha"]


def autologged_search() -> Any:
    from sklearn.model_selection import GridSearchCV
    from sklearn.tree import DecisionTreeRegressor

    mlflow.sklearn.autolog(log_models=False, max_tuning_runs=2)
    try:
        with mlflow.start_run(run_name="search", nested=True):
            search = GridSearchCV(
                DecisionTreeRegressor(random_state=0), {"max_depth": [1, 2, 3]}, cv=2
            )
            search.fit([[float(n)] for n in range(8)], [float(n) for n in range(8)])
    finally:
        mlflow.sklearn.autolog(disable=True)
    return search.best_params_


def autologged_in_nested() -> Any:
    from sklearn.linear_model import Lasso

    mlflow.sklearn.autolog(log_models=False)
    try:
        with mlflow.start_run(run_name="lasso", nested=True):
            Lasso(alpha=0.5).fit([[1.0], [2.0]], [2.0, 4.0])
    finally:
        mlflow.sklearn.autolog(disable=True)


SNIPPETS = (
    log_model, log_and_register, save_and_log_folder, active_model, external_model, model_in_nested,
    evaluate, evaluate_function, autologging, autologged_search, autologged_in_nested,
)  # fmt: skip

"""Settings that Kedro reads: https://docs.kedro.org/en/stable/configure/configuration_basics/"""

try:
    from mlflow_on_kedro import mlflow_hooks
except ModuleNotFoundError as error:
    if error.name != "mlflow_on_kedro":
        raise
    raise ImportError(
        "mlflow_on_kedro is neither in this project's src folder nor installed. Restore "
        "src/mlflow_on_kedro, or install the package from where this project's template came from."
    ) from error

# Kedro calls these around each run. What they do is configured in conf/base/mlflow.yml.
HOOKS = mlflow_hooks()

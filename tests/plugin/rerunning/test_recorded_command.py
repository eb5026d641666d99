"""Which recorded commands can be repeated, and what of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlflow_on_kedro.errors import MLflowOnKedroError
from mlflow_on_kedro.rerunning.recorded_command import parse
from mlflow_on_kedro.runs.kedro_command import kedro_command


def test_round_trip(tmp_path: Path) -> None:
    """What the plugin records is read as it was, whatever the values are."""
    params = {
        "text": "a, b = 'c'; $(rm) \"d\"",
        "number": "1e5",
        "list": ["x, y", 1, True],
        "nested": {"none": None, "float": 1e-05, "empty": ""},
    }
    given = {"env": "prod", "tags": ["a", "b"], "runtime_params": params}
    found = parse(kedro_command(given, {"is_async": True}), tmp_path)
    assert found.params == params
    assert found.options == ("--env=prod", "--tags=a,b", "--async")
    assert found.env == "prod"


def test_masked_and_own_keys(tmp_path: Path) -> None:
    """Masked values and keys of mlflow.yml are not repeated: a run's key would join that run."""
    params = {"api": {"token": "abc", "n": 1}, "mlflow": {"run": {"key": "k"}}}
    found = parse(kedro_command({"runtime_params": params}), tmp_path)
    assert found.params == {"api": {"n": 1}}
    assert found.masked == ("api.token",)
    assert found.has_settings


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("rm -rf /", "it is no `kedro run` command"),
        ("", "it is no `kedro run` command"),
        ("kedro run 'unclosed", "it is no `kedro run` command"),
        ("kedro run; rm -rf /", "it is no `kedro run` command"),
        ("kedro run --config=/etc/x.yml", "`--config=/etc/x.yml` is no known option"),
        ("kedro run --tags=a && rm x", "`&&` is no known option"),
        ("kedro run --tags x", "`--tags` is no known option"),
        ("kedro run --async=1", "`--async=1` is no known option"),
        ("kedro run --runner='os;x'", "its runner is no class"),
        ("kedro run --conf-source=github://me/conf", "is not in this project"),
        ("kedro run --conf-source=../conf", "is not in this project"),
        ("kedro run --conf-source=/etc", "is not in this project"),
        ("kedro run --params=a=${", "its --params cannot be read"),
    ],
)
def test_refused(tmp_path: Path, command: str, why: str) -> None:
    """Anything but the known options of `kedro run` is refused, with the reason."""
    with pytest.raises(MLflowOnKedroError, match="cannot be repeated") as raised:
        parse(command, tmp_path)
    assert why in str(raised.value)


def test_conf_source(tmp_path: Path) -> None:
    """Configuration in the project is used."""
    (tmp_path / "conf_b").mkdir()
    assert parse("kedro run --conf-source=conf_b", tmp_path).conf_source == "conf_b"

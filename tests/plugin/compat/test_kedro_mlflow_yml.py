"""kedro-mlflow's mlflow.yml, of any version, as this plugin reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from mlflow_on_kedro.compat.kedro_mlflow.mlflow_yml import DEFAULTS, KEYS, is_old, translated
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.config.sections import Config

FIELD = sorted((Path(__file__).parent / "field").glob("mlflow_*.yml"))

NEW = """
server:
  mlflow_tracking_uri: http://host
  mlflow_registry_uri: http://registry
  credentials: server
  request_header_provider: {type: my.Headers, pass_context: false, init_kwargs: {team: wine}}
tracking:
  disable_tracking: {pipelines: [etl], disable_autologging: true}
  experiment:
    name: wines
    create_experiment_kwargs: {artifact_location: s3://b, tags: {a: b}}
    restore_if_deleted: false
  run: {id: 1a2b, name: try, nested: true}
  params:
    dict_params: {flatten: true, recursive: false, sep: /}
    long_params_strategy: fail
ui: {port: "5001", host: 0.0.0.0}
"""

BEFORE_0_8 = """
mlflow_tracking_uri: http://host
credentials: server
disable_tracking: {pipelines: [etl]}
experiment: {name: wines, create: true}
run: {id: 1a2b, name: try, nested: true}
hooks:
  node:
    flatten_dict_params: true
    recursive: false
    sep: /
    long_parameters_strategy: fail
ui: {port: null, host: null}
"""


def config_of(text: str) -> Config:
    """What the plugin reads of a file."""
    return parse(translated(yaml.safe_load(text)).content)


@pytest.mark.parametrize("path", FIELD, ids=lambda path: path.stem)
def test_files_of_the_field(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of real projects are read, and mean what they meant."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    text = path.read_text(encoding="utf-8").replace("${name}", "http://host")
    content = yaml.safe_load(text)
    config = parse(translated(content).content)
    assert is_old(content)
    assert config.params.flatten is ("flatten: true" in text or "dict_params: true" in text)
    assert config.run.name == "{pipeline}"
    assert not config.run.nested
    assert ("w12" in config.disabled_pipelines) is ("__default__" in text)


@pytest.mark.parametrize("text", [NEW, BEFORE_0_8])
def test_each_key(text: str) -> None:
    """Both schemas give the same configuration."""
    config = config_of(text)
    assert (config.tracking.uri, config.tracking.credentials) == ("http://host", "server")
    assert config.disabled_pipelines == ["etl"]
    assert (config.experiment.name, config.run.id, config.run.name) == ("wines", "1a2b", "try")
    params = config.params
    assert (params.flatten, params.recursive, params.separator) == (True, False, "/")
    assert params.too_long == "error"
    assert not translated(yaml.safe_load(text)).notes


def test_keys_of_the_newest() -> None:
    """What only newer versions have."""
    config = config_of(NEW)
    assert config.tracking.registry_uri == "http://registry"
    assert config.tracking.request_headers == {"type": "my.Headers", "team": "wine"}
    experiment = config.experiment
    assert (experiment.artifact_location, experiment.tags) == ("s3://b", {"a": "b"})
    assert not experiment.restore_if_deleted
    assert (config.ui.port, config.ui.host) == (5001, "0.0.0.0")  # noqa: S104 - a value to read


def test_every_key_of_the_table_is_one_here() -> None:
    """The table names keys that there are, and the defaults too."""
    for key in {row.new for row in KEYS.values() if row.new} | set(DEFAULTS):
        value: Any = Config()
        for part in key.removesuffix(".type").split("."):
            value = getattr(value, part)


def test_defaults_of_kedro_mlflow() -> None:
    """What a file does not say is as it was: dicts whole, the run named for its pipeline."""
    config = config_of("server: {mlflow_tracking_uri: http://host}")
    assert (config.params.flatten, config.run.name, config.catalog.auto) == (
        False,
        "{pipeline}",
        False,
    )


def test_a_file_of_this_plugin_stays() -> None:
    """The same content, with this plugin's defaults."""
    content = {"tracking": {"uri": "http://host"}, "run": {"nested": True}, "ui": {"port": 5000}}
    found = translated(content)
    assert (found.content, found.changes, found.notes) == (content, [], [])


class TestBoth:
    """Keys of both plugins, as of two environments' files."""

    CONTENT = {  # noqa: RUF012 - never changed
        "server": {"mlflow_tracking_uri": "http://old"},
        "tracking": {"uri": "http://new", "timeout": 3.0},
        "catalog": {"auto": True},
    }

    def test_ours_wins(self) -> None:
        """Where nothing is known of the files' order."""
        found = translated(self.CONTENT).content
        assert found["tracking"] == {"uri": "http://new", "timeout": 3.0}
        assert found["catalog"] == {"auto": True}

    def test_the_later_file_wins(self) -> None:
        """If that has kedro-mlflow's key."""
        found = translated(self.CONTENT, lambda change: change.new == "tracking.uri")
        assert found.content["tracking"] == {"uri": "http://old", "timeout": 3.0}


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("server: {request_header_provider: {type: a.B, pass_context: true}}", "pass_context"),
        ("server: {stores_environment_variables: {SECRET: hunter2}}", "set SECRET in"),
        ("server: {}\nui: {port: w2}", "'ui.port' is no number"),
    ],
)
def test_notes(text: str, note: str) -> None:
    """What cannot be translated is said, without any value that may be secret."""
    (said,) = translated(yaml.safe_load(text)).notes
    assert note in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "text",
    [
        "server:\nhooks:\ntracking:\n  params:\n    dict_params:\n",
        "server: {stores_environment_variables: {}, request_header_provider: {type: null}}",
        "server: {request_header_provider: {type: null, init_kwargs: {team: wine}}}",
        "tracking: {disable_tracking: {pipelines: []}}",
    ],
)
def test_empty_sections(text: str) -> None:
    """Empty sections are no mistake."""
    config = config_of(text)
    assert config.tracking.request_headers == {}


def test_unknown_keys_stay() -> None:
    """A key that neither plugin knows is reported when the content is checked."""
    found = translated({"server": {"mlflow_uri": "x"}, "tracking": {"experiment": {"nam": "y"}}})
    assert found.content["server"] == {"mlflow_uri": "x"}
    assert found.content["tracking"] == {"experiment": {"nam": "y"}}


def test_the_content_is_not_changed() -> None:
    """Translating gives a copy."""
    content = yaml.safe_load(NEW)
    translated(content)
    assert content == yaml.safe_load(NEW)

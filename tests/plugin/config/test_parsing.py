"""mlflow.yml: its defaults, its environments, and what it refuses."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import yaml
from mlflow_on_kedro.config import parsing as config
from mlflow_on_kedro.config.keys import choices
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.config.sections import Config, Time
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.runs.kedro_command import kedro_command

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "plugin_src" / "mlflow_on_kedro" / "mlflow.yml"

(SHOWN,) = re.findall(
    r"^```yaml\n(enabled:.*?)^```",
    (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8"),
    flags=re.MULTILINE | re.DOTALL,
)
DEFAULTS: dict[str, Any] = yaml.safe_load(SHOWN)
"""The manual's mlflow.yml, which has every key."""

SECTIONS = [key for key, content in DEFAULTS.items() if isinstance(content, dict)]
KEYS = [
    (section, key)
    for section, content in DEFAULTS.items()
    if isinstance(content, dict)
    for key in content
]


def by_type(section: str, key: str) -> tuple[Any, Any]:
    """A valid value that is not the default, and a wrong one, as a key's type has them."""
    kind = type(getattr(Config(), section))
    default, hint = DEFAULTS[section][key], str(get_type_hints(kind)[key])
    if key in choices(kind):
        return choices(kind)[key][1], "no such word"
    if "bool" in hint:
        return not default, "perhaps"
    if "int" in hint or "float" in hint:
        return (default or 0) + 1, "many"
    return (
        (["x"], {"a": 1}) if "list" in hint else ({"a": 1}, ["a"]) if "dict" in hint else ("x", [1])
    )


# For each key a value that is neither its default nor of a wrong type.
OTHER = {f"{section}.{key}": by_type(section, key)[0] for section, key in KEYS} | {
    "tracking.uri": "http://localhost:5000",
    "tracking.registry_uri": "http://localhost:5001",
    "tracking.mode": "offline",
    "tracking.credentials": "server",
    "tracking.request_headers": {"X-Team": "wine"},
    "tracking.on_failure": "raise",
    "tracking.timeout": 20.5,
    "tracking.wait_at_end": 0.0,
    "tracking.max_copy": 5,
    "tracking.delivery": "thread",
    "experiment.name": "demo",
    "experiment.artifact_location": "artifacts",
    "experiment.tags": {"team": "wine"},
    "experiment.restore_if_deleted": False,
    "run.id": "abc",
    "run.parent": "def",
    "run.key": "nightly",
    "run.name": "first",
    "run.resume": True,
    "run.nested": True,
    "run.tags": {"team": "wine", "numbers": [1, 2.5], "nested": {"ü": None}},
    "run.description": "# Title",
    "run.kedro_run_params": ["env", "tags"],
    "run.log_time_begin": True,
    "run.log_time_end": True,
    "run.log_time": False,
    "run.offset_hours": 5.5,
    "params.too_long": "artifact",
    "params.max_length": 100,
    "params.flatten": False,
    "params.recursive": False,
    "params.flatten_lists": True,
    "params.separator": "-",
    "catalog.enabled": False,
    "catalog.auto": False,
    "catalog.parameters": "by_type",
    "catalog.mlflow_catalog": {"a": None, "b": {"type": "pandas.CSVDataset"}, "c": "m"},
    "catalog.max_leaves": 5,
    "catalog.max_length": 6000,
    "catalog.unlogged": "warn",
    "inputs.enabled": False,
    "inputs.max_bytes": 0,
    "artifacts.enabled": False,
    "artifacts.before_pipeline_run": ["conf/*.yml"],
    "artifacts.after_pipeline_run": ["logs"],
    "artifacts.after_node_run": ["model"],
    "env_vars.enabled": False,
    "env_vars.params": ["HOSTNAME"],
    "env_vars.metrics": ["SEED"],
    "env_vars.prefix": "",
    "time.enabled": False,
    "time.prefix": "t ",
    "time.io_metrics": True,
    "time.gantt": False,
    "time.gantt_filepath": "gantt.html",
    "time.time_log_filepath": "times.json",
    "time.gantt_params": {"title": "Nightly"},
    "system_metrics.enabled": True,
    "system_metrics.interval": 2.5,
    "ui.host": "0.0.0.0",  # noqa: S104 - a value to be read, nothing listens there
    "ui.port": 5001,
}

WRONG = {f"{section}.{key}": by_type(section, key)[1] for section, key in KEYS} | {
    "tracking.uri": [1],
    "tracking.registry_uri": [1],
    "tracking.mode": "sometimes",
    "tracking.credentials": [1],
    "tracking.request_headers": ["a"],
    "tracking.on_failure": "explode",
    "tracking.timeout": -1,
    "tracking.wait_at_end": "long",
    "tracking.max_copy": -1,
    "tracking.delivery": "pigeon",
    "experiment.name": {"a": 1},
    "experiment.artifact_location": [1],
    "experiment.tags": ["a"],
    "experiment.restore_if_deleted": "perhaps",
    "run.id": [1],
    "run.parent": [1],
    "run.key": [1],
    "run.name": {"a": 1},
    "run.resume": "perhaps",
    "run.nested": "perhaps",
    "run.tags": ["a"],
    "run.description": [1],
    "run.kedro_run_params": "env",
    "run.log_time_begin": "sometimes",
    "run.log_time_end": [1],
    "run.log_time": "x",
    "run.offset_hours": "nine",
    "params.too_long": "cut",
    "params.max_length": "long",
    "params.flatten": "perhaps",
    "params.recursive": [1],
    "params.flatten_lists": "perhaps",
    "params.separator": [1],
    "catalog.enabled": "perhaps",
    "catalog.auto": [1],
    "catalog.parameters": "all",
    "catalog.mlflow_catalog": ["a"],
    "catalog.max_leaves": "many",
    "catalog.max_length": 0,
    "catalog.unlogged": "raise",
    "inputs.enabled": "perhaps",
    "inputs.max_bytes": "100 MB",
    "artifacts.enabled": "perhaps",
    "artifacts.before_pipeline_run": "logs",
    "artifacts.after_pipeline_run": 3,
    "artifacts.after_node_run": {"a": 1},
    "env_vars.enabled": "perhaps",
    "env_vars.params": "HOME",
    "env_vars.metrics": {"a": 1},
    "env_vars.prefix": [1],
    "time.enabled": "perhaps",
    "time.prefix": [1],
    "time.io_metrics": "perhaps",
    "time.gantt": "perhaps",
    "time.gantt_filepath": [1],
    "time.time_log_filepath": [1],
    "time.gantt_params": ["title"],
    "system_metrics.enabled": "perhaps",
    "system_metrics.interval": "often",
    "ui.host": [1],
    "ui.port": "five thousand",
}


class TestDefaults:
    """What holds when mlflow.yml says nothing."""

    def test_every_default(self) -> None:
        """Each key has the documented default."""
        assert asdict(Config()) == DEFAULTS

    @pytest.mark.parametrize("content", [None, {}])
    def test_nothing_given(self, content: Any) -> None:
        """An empty file is the defaults."""
        assert parse(content) == Config()

    @pytest.mark.parametrize("section", [item.name for item in fields(Config)])
    def test_nothing_below(self, section: str) -> None:
        """A section or key with nothing below it has its defaults."""
        assert parse({section: None}) == Config()

    @pytest.mark.parametrize("section", SECTIONS)
    def test_an_empty_section(self, section: str) -> None:
        """A section without content is its defaults."""
        assert parse({section: {}}) == Config()

    @pytest.mark.parametrize(("section", "key"), KEYS)
    def test_an_empty_key(self, section: str, key: str) -> None:
        """A key without a value (`tags:` and nothing below) has its default."""
        assert parse({section: {key: None}}) == Config()

    def test_the_shipped_file(self) -> None:
        """The values in the shipped mlflow.yml are the defaults, and its keys exist."""
        shipped = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
        assert shipped
        assert parse(shipped) == Config()
        for section, content in shipped.items():
            expected = DEFAULTS[section]
            if isinstance(content, dict):
                assert isinstance(expected, dict)
                assert content == {key: expected[key] for key in content}
            else:
                assert content == expected


class TestParse:
    """What a file may say."""

    def test_all_keys_are_tried(self) -> None:
        """The lists of this module name every key of every section."""
        keys = {f"{section}.{key}" for section, key in KEYS}
        assert keys == set(OTHER) == set(WRONG)

    @pytest.mark.parametrize(("section", "key"), KEYS)
    def test_each_key_is_read(self, section: str, key: str) -> None:
        """Each key is read into its attribute, and changes no other."""
        value = OTHER[f"{section}.{key}"]
        config = asdict(parse({section: {key: value}}))
        assert config[section][key] == value
        assert {**DEFAULTS, section: {**DEFAULTS[section], key: value}} == config  # type: ignore[dict-item]

    def test_what_is_parsed_is_plain(self) -> None:
        """The values are Python's own types, which can be pickled and compared."""
        read = parse({"run": {"tags": {"a": [1]}}, "artifacts": {"after_node_run": ["b"]}})
        assert type(read.run.tags) is dict
        assert type(read.run.tags["a"]) is list
        assert type(read.artifacts.after_node_run) is list

    def test_what_was_parsed_can_be_parsed(self) -> None:
        """A configuration survives being written out and read again, as on its way to a worker."""
        content = {"enabled": False, "run": {"tags": {"a": 1}}, "time": {"gantt": False}}
        assert parse(asdict(parse(content))) == parse(content)

    @pytest.mark.parametrize("names", ["__ALL__", [], ["env", "tags"]])
    def test_kedro_run_params(self, names: Any) -> None:
        """`kedro_run_params` is a list of names or __ALL__."""
        assert parse({"run": {"kedro_run_params": names}}).run.kedro_run_params == names


class TestRefused:
    """Each mistake gives one message with file, key and what to do."""

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ({"trackin": {}}, ["'trackin'", "'tracking'"]),
            ({"tracking": {"url": "x"}}, ["'tracking.url'", "'tracking.uri'"]),
            ({"run": {"tag": {}}}, ["'run.tag'", "'run.tags'"]),
            ({"time": {"gant": False}}, ["'time.gant'", "'time.gantt'"]),
            ({"params": {"zzz": 1}}, ["'params.zzz'", "too_long", "max_length"]),
            ({1: 2}, ["'1'"]),
        ],
    )
    def test_unknown_keys(self, content: Any, words: list[str]) -> None:
        """An unknown key, nested or not, is named with the file, the nearest key and all others."""
        with pytest.raises(ConfigError) as caught:
            parse(content, "conf/base/mlflow.yml")
        message = caught.value.message
        assert message.startswith("conf/base/mlflow.yml: unknown key")
        assert "\n" not in message
        assert all(word in message for word in words)

    @pytest.mark.parametrize(("section", "key"), KEYS)
    def test_wrong_types(self, section: str, key: str) -> None:
        """A value of a wrong type, for each key there is, is refused with file and key."""
        with pytest.raises(ConfigError) as caught:
            parse({section: {key: WRONG[f"{section}.{key}"]}})
        message = caught.value.message
        assert message.startswith("mlflow.yml: ")
        assert f"'{section}.{key}" in message
        assert "\n" not in message

    @pytest.mark.parametrize("section", SECTIONS)
    @pytest.mark.parametrize("content", [5, "text", ["a"], True])
    def test_a_section_that_is_none(self, section: str, content: Any) -> None:
        """A value where a section belongs is refused."""
        with pytest.raises(ConfigError, match=f"mlflow.yml: '{section}' must be a mapping"):
            parse({section: content})

    @pytest.mark.parametrize("value", ["perhaps", [1], {"a": 1}])
    def test_enabled(self, value: Any) -> None:
        """`enabled` that is neither true nor false is refused."""
        with pytest.raises(ConfigError, match=r"mlflow.yml: 'enabled'"):
            parse({"enabled": value})

    @pytest.mark.parametrize("content", [5, "text", ["a"]])
    def test_a_file_that_is_no_mapping(self, content: Any) -> None:
        """A file that holds something else than keys is refused."""
        with pytest.raises(ConfigError, match="it must be a mapping"):
            parse(content)

    @pytest.mark.parametrize("length", [0, -1])
    def test_a_length_below_one(self, length: int) -> None:
        """A `max_length` that leaves nothing is refused."""
        with pytest.raises(ConfigError, match=rf"'params.max_length' must be >= 1: {length}"):
            parse({"params": {"max_length": length}})

    @pytest.mark.parametrize("seconds", [float("inf"), float("nan")])
    @pytest.mark.parametrize("key", ["timeout", "wait_at_end"])
    def test_no_finite_number(self, key: str, seconds: float) -> None:
        """`.inf` and `.nan`, which no timer takes, are refused."""
        with pytest.raises(ConfigError, match=rf"'tracking.{key}' must be a finite number"):
            parse({"tracking": {key: seconds}})

    @pytest.mark.parametrize("key", [2024, True])
    def test_keys_that_are_no_texts(self, key: Any) -> None:
        """The message says that it is the key, and which."""
        message = f"'run.tags' .* a mapping with texts as keys: put quotes around {key}"
        with pytest.raises(ConfigError, match=message):
            parse({"run": {"tags": {"a": 1, key: "x"}}})

    @pytest.mark.parametrize("separator", ["", "#", "//", "a?b"])
    def test_a_separator_that_mlflow_refuses(self, separator: str) -> None:
        """A separator with characters that no key may have is refused."""
        with pytest.raises(ConfigError, match=r"'params.separator' must be of characters"):
            parse({"params": {"separator": separator}})

    def test_credentials_are_masked(self) -> None:
        """A message that quotes a URL leaves out its credentials."""
        with pytest.raises(ConfigError) as caught:
            parse({"tracking": {"uri": ["http://me:hunter2@host"]}})
        assert "hunter2" not in caught.value.message

    @pytest.mark.parametrize("name", ["too_long", "on_failure"])
    def test_choices_are_listed(self, name: str) -> None:
        """A wrong choice is answered with the right ones."""
        section = "params" if name == "too_long" else "tracking"
        with pytest.raises(ConfigError, match=r"truncate, tag, artifact, error|warn, raise"):
            parse({section: {name: "x"}})

    @pytest.mark.parametrize("key", ["catalog.unlogged", "catalog.parameters", "tracking.mode"])
    @pytest.mark.parametrize("value", [True, False])
    def test_no_choice_but_a_switch(self, key: str, value: bool) -> None:
        """What YAML reads as true or false is answered with the choices, too."""
        section, name = key.split(".")
        message = (
            rf"'{key}' must be one of \w+, .*: {value} \(YAML reads on, off, yes and no that way\)"
        )
        with pytest.raises(ConfigError, match=message):
            parse({section: {name: value}})


class TestCommand:
    """Keys that come with ``kedro run --params``."""

    @staticmethod
    def given(text: str) -> Any:
        """What Kedro makes of the option's text."""
        from kedro.framework.cli.project import run

        option: Any = next(item for item in run.params if item.name == "params")
        with run.make_context("run", []) as context:
            return option.process_value(context, text)

    @pytest.mark.parametrize(("section", "key"), KEYS)
    def test_each_key(self, section: str, key: str) -> None:
        """Each key there is can be given, nested ones and lists too, by what the run remembers."""
        value = OTHER[f"{section}.{key}"]
        told = {"X-Team": "***"} if key == "request_headers" else value
        given = {"mlflow": {section: {key: value}}}
        command = shlex.split(kedro_command({"runtime_params": given}))[-1]
        assert command.startswith("--params=")
        read = self.given(command.removeprefix("--params="))
        assert parse(read["mlflow"]) == parse({section: {key: told}})

    @pytest.mark.parametrize(
        ("text", "content"),
        [
            ("mlflow.enabled=false", {"enabled": False}),
            ("mlflow.disabled_pipelines=[quiet]", {"disabled_pipelines": ["quiet"]}),
            ("mlflow.disabled_pipelines=\n- a\n- b", {"disabled_pipelines": ["a", "b"]}),
            ("mlflow.run.tags.team=wine", {"run": {"tags": {"team": "wine"}}}),
            ("mlflow.run.name=null", {"run": {}}),
            (
                "mlflow.tracking.request_headers.X-A=b",
                {"tracking": {"request_headers": {"X-A": "b"}}},
            ),
        ],
    )
    def test_how_a_user_writes_it(self, text: str, content: Any) -> None:
        """Lists of one and of several, names below a key, and a key's default."""
        assert parse(self.given(text)["mlflow"]) == parse(content)


def test_sections_are_frozen() -> None:
    """Nothing can change a configuration that several hooks share."""
    for item in fields(Config):
        section = getattr(Config(), item.name)
        if is_dataclass(section):
            assert section.__dataclass_params__.frozen  # type: ignore[attr-defined]


def test_override() -> None:
    """Arguments that are given win, those that are None do not."""
    section = config.override(Time(prefix="a"), prefix=None, gantt=False)
    assert section == Time(prefix="a", gantt=False)


def test_any_omegaconf_that_merges_no_frozen_dataclass() -> None:
    """OmegaConf before 2.4 refuses to merge into frozen dataclasses; nothing is merged."""
    code = """
    from omegaconf import OmegaConf

    def merge(*_):
        raise AssertionError("merged")

    OmegaConf.merge = OmegaConf.unsafe_merge = merge
    from mlflow_on_kedro.config.parsing import parse

    assert parse({"run": {"tags": {"a": [1]}}}).run.tags == {"a": [1]}
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "plugin_src")},
    )


class TestPipelineModels:
    """The entries of `pipeline_models`."""

    def test_an_entry(self) -> None:
        """What an entry leaves out has its default; the configuration keeps it as it was given."""
        given = {"prices": {"inference": "find", "input": "new", "code_paths": None}}
        read = parse({"pipeline_models": given})
        assert read.pipeline_models == given
        (entry,) = config.pipeline_models(read).values()
        assert asdict(entry) == {
            "training": "__default__",
            "inference": "find",
            "input": "new",
            "runner": "SequentialRunner",
            "copy_mode": "assign",
            "input_example": False,
            "pip_requirements": None,
            "extra_pip_requirements": [],
            "conda_env": None,
            "code_paths": [],
            "metadata": {},
            "tags": {},
            "registered_model_name": None,
            "alias": None,
            "promote": None,
        }

    @pytest.mark.parametrize(
        ("name", "entry", "message"),
        [
            ("m", {"input": "x"}, "mlflow.yml: 'pipeline_models.m.inference' is missing."),
            ("m", {"inference": "x"}, "mlflow.yml: 'pipeline_models.m.input' is missing."),
            ("m", {"infrence": "x"}, "unknown key 'pipeline_models.m.infrence'. Did you mean"),
            ("m", {"copy_mode": "move"}, "'pipeline_models.m.copy_mode' must be one of assign"),
            (
                "m",
                {"copy_mode": {"x": "move"}},
                "'pipeline_models.m.copy_mode.x' must be one of as",
            ),
            ("m", {"pip_requirements": 3}, "'pipeline_models.m.pip_requirements' must be a list"),
            ("m", {"pip_requirements": ["x", 3]}, "'pipeline_models.m.pip_requirements' must be a"),
            ("m", {"extra_pip_requirements": 3}, "'pipeline_models.m.extra_pip_requirements' must"),
            ("m", {"conda_env": 3}, "'pipeline_models.m.conda_env' must be a mapping or a file"),
            (
                "m",
                {"input": "x", "inference": "y", "conda_env": {}, "pip_requirements": ["z"]},
                "'pipeline_models.m.conda_env' has the requirements already",
            ),
            ("m", {"code_paths": "src"}, "'pipeline_models.m.code_paths' has a wrong value"),
            ("m", {"alias": "best"}, "'pipeline_models.m': `alias` needs a registered model"),
            ("m", ["x"], "'pipeline_models.m' must be a mapping of keys to values: ['x']"),
            ("m", None, "'pipeline_models.m' must be a mapping of keys to values: None"),
            ("a.b", {}, "'pipeline_models.a.b': a model's name must not contain / : . % \" '"),
        ],
    )
    def test_mistakes(self, name: str, entry: Any, message: str) -> None:
        """Each mistake has one clear message."""
        if isinstance(entry, dict) and len(entry) == 1 and not {"input", "inference"} & set(entry):
            entry = {"inference": "find", "input": "new", **entry}
        with pytest.raises(ConfigError) as raised:
            parse({"pipeline_models": {name: entry}})
        assert message in raised.value.message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            {"server": {"mlflow_tracking_uri": "x"}},
            "'server.mlflow_tracking_uri'. It is kedro-mlflow's; here it is 'tracking.uri'.",
        ),
        (
            {"tracking": {"experiment": {"name": "x"}}},
            "'tracking.experiment.name'. It is kedro-mlflow's; here it is 'experiment.name'.",
        ),
        (
            {"hooks": {"node": {"sep": "."}}},
            "'hooks.node.sep'. It is kedro-mlflow's; here it is 'params.separator'.",
        ),
        ({"server": None}, "'server'. It is kedro-mlflow's; here it is not needed."),
    ],
)
def test_the_file_of_kedro_mlflow(content: dict[str, Any], said: str) -> None:
    """Who comes from there, from whatever version, is told what its key is here."""
    with pytest.raises(ConfigError) as caught:
        parse(content)
    assert str(caught.value) == f"mlflow.yml: unknown key {said}"


def test_all_unknown_keys_at_once() -> None:
    """Several unknown keys are one message, with a line for each."""
    with pytest.raises(ConfigError) as caught:
        parse({"server": {"credentials": "x"}, "run": {"nam": 1}, "trackin": {}})
    first, *lines = str(caught.value).splitlines()
    assert first == "mlflow.yml: 3 unknown keys:"
    assert [line.split("'")[1] for line in lines] == ["server.credentials", "run.nam", "trackin"]


@pytest.mark.parametrize("value", [3, -1, 0.5, "3", " 2"])
def test_a_number_is_no_switch(value: Any) -> None:
    """A number other than 0 and 1 is neither true nor false, also as an environment gives it."""
    with pytest.raises(ConfigError, match=r"'experiment\.restore_if_deleted' has a wrong value"):
        parse({"experiment": {"restore_if_deleted": value}})
    with pytest.raises(ConfigError, match="'enabled' has a wrong value"):
        parse({"enabled": value})


@pytest.mark.parametrize("value", [1, "1", "true", "on", "Yes"])
def test_what_is_a_switch(value: Any) -> None:
    """What an environment variable or YAML gives for true is true."""
    assert parse({"run": {"nested": value}}).run.nested is True


@pytest.mark.parametrize(
    "content",
    [
        {"run": {"name": False}},
        {"experiment": {"name": True}},
        {"ui": {"host": True}},
        {"disabled_pipelines": ["a", False]},
    ],
)
def test_a_text_that_yaml_reads_as_a_switch(content: Any) -> None:
    """`name: off` is false to YAML: it is refused, not called False."""
    with pytest.raises(ConfigError, match=r'must be a text, .* quotes around it: "off"'):
        parse(content)


def test_credentials_that_are_no_name() -> None:
    """Whoever writes a password there is told where it belongs, and it is not repeated."""
    with pytest.raises(ConfigError) as caught:
        parse({"tracking": {"credentials": {"password": "hunter2"}}})
    assert "must be the name of an entry of credentials.yml" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_is_none(port: int) -> None:
    """A port that no server can listen at is refused."""
    with pytest.raises(ConfigError, match=r"'ui.port' must be in 1 to 65535"):
        parse({"ui": {"port": port}})


@pytest.mark.parametrize("hours", [540, -24, float("nan")])
def test_a_time_zone_that_is_none(hours: float) -> None:
    """Hours from UTC that no time zone has, such as minutes, are refused."""
    with pytest.raises(ConfigError, match=r"'run.offset_hours' must be above -24 and below 24"):
        parse({"run": {"offset_hours": hours}})

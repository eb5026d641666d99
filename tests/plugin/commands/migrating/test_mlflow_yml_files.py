"""The mlflow.yml files of kedro-mlflow, rewritten in their text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.commands.migrating.findings import Rewritten
from mlflow_on_kedro.commands.migrating.mlflow_yml_files import MlflowYmlFiles
from mlflow_on_kedro.commands.migrating.yaml_tree import YamlText, load
from mlflow_on_kedro.compat.kedro_mlflow.mlflow_yml import is_old
from mlflow_on_kedro.config import kedro_mlflow_file
from mlflow_on_kedro.config.parsing import parse

FIELD = sorted((Path(__file__).parents[2] / "compat/field").glob("mlflow_*.yml"))
# The file that `kedro mlflow init` of kedro-mlflow 2 writes, shortened in its comments.
SHIPPED = """\
# SERVER CONFIGURATION -------------------

# `mlflow_tracking_uri` is the path where the runs will be recorded.
server:
  mlflow_tracking_uri: null # if null, will use mlflow.get_tracking_uri() as a default
  mlflow_registry_uri: null # if null, mlflow_tracking_uri will be used
  credentials: null  # must be a valid key in credentials.yml
  request_header_provider: # this is only useful to deal with expiring token
    type: null # The path to a class
    pass_context: False # should the class be instantiated with "kedro_context"?
    init_kwargs: {} # any kwargs to pass to the class

tracking:
  # You can specify a list of pipeline names for which tracking will be disabled

  disable_tracking:
    pipelines: []
    disable_autologging: True

  experiment:
    name: wines
    create_experiment_kwargs:
      artifact_location: null
      tags: null
    restore_if_deleted: True  # should we restore it?

  run:
    id: null # if `id` is None, a new run will be created
    name: null # if `name` is None, pipeline name will be used for the run name
    nested: True  # if `nested` is False, you won't be able to launch sub-runs

  params:
    dict_params:
      flatten: False # one parameter for each key
      recursive: True # Not used if `flatten_dict_params` is False.
      sep: "." # E.g. {hyperaparam1: {p1:1, p2:2}}
    long_params_strategy: fail # One of ["fail", "tag", "truncate" ]

# UI-RELATED PARAMETERS -----------------

ui:
  port: "5000" # the port to use for the ui
  host: "127.0.0.1" # the host to use for the ui
"""
SHIPPED_AFTER = """\
# SERVER CONFIGURATION -------------------

# `mlflow_tracking_uri` is the path where the runs will be recorded.
tracking:
  uri: null # if null, will use mlflow.get_tracking_uri() as a default
  registry_uri: null # if null, mlflow_tracking_uri will be used
  credentials: null  # must be a valid key in credentials.yml

# You can specify a list of pipeline names for which tracking will be disabled
disabled_pipelines: []

experiment:
  name: wines
  artifact_location: null
  restore_if_deleted: True  # should we restore it?

run:
  id: null # if `id` is None, a new run will be created
  name: '{pipeline}' # if `name` is None, pipeline name will be used for the run name

params:
  flatten: False # one parameter for each key
  recursive: True # Not used if `flatten_dict_params` is False.
  separator: "." # E.g. {hyperaparam1: {p1:1, p2:2}}
  too_long: error # One of ["fail", "tag", "truncate" ]

# UI-RELATED PARAMETERS -----------------

ui:
  port: 5000 # the port to use for the ui
  host: "127.0.0.1" # the host to use for the ui

# What kedro-mlflow did by default, and this plugin does otherwise.
catalog:
  auto: false
"""


class Conf:
    """A folder of configuration; its environments' mlflow.yml are arguments."""

    def __init__(self, root: Path, **texts: str) -> None:
        self.root = root
        self.files = MlflowYmlFiles(root, root / "conf", "base")
        self.texts = {}
        for env, text in texts.items():
            path = root / "conf" / env / "mlflow.yml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            self.texts[path] = text

    def rewritten(self) -> dict[str, Rewritten]:
        """What becomes of each environment's file."""
        errors: list[Any] = []
        found = self.files.rewrite(self.texts, lambda *error: errors.append(error))
        assert not errors
        return {path.parent.name: change for path, change in found.items()}


def config(text: str, root: Path) -> Any:
    """What a file means at run time."""
    from kedro.config import OmegaConfigLoader

    loader = OmegaConfigLoader(str(root / "conf"), env="base", base_env="base")
    return parse(
        kedro_mlflow_file.read(load(text.replace("${name}", "http://h")), loader, root).content
    )


@pytest.mark.parametrize("path", FIELD, ids=lambda path: path.stem)
@pytest.mark.parametrize("folders", ["true", "false"])
def test_files_of_the_field(
    path: Path, folders: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each means what it meant, with comments and in Windows' line ends, too."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", folders)
    text = path.read_text(encoding="utf-8")
    after = Conf(tmp_path, base=text).rewritten()["base"].text
    assert not is_old(load(after))
    assert config(after, tmp_path) == config(text, tmp_path)
    windows = Conf(tmp_path, base=text.replace("\n", "\r\n")).rewritten()["base"].text
    assert windows == after.replace("\n", "\r\n")
    commented = "".join(f"# {n}\n{line} # {n}.\n" for n, line in enumerate(text.splitlines()))
    after = Conf(tmp_path, base=commented).rewritten()["base"].text
    assert config(after, tmp_path) == config(text, tmp_path)
    above = {f"# {n}" for n, _ in enumerate(text.splitlines())}
    found = YamlText(after)
    assert above <= set(found.comments_in(0, len(after)))
    assert not Conf(tmp_path, base=after).rewritten()


def test_the_shipped_file(tmp_path: Path) -> None:
    """Each key has its comments; those of keys that are gone, and only those, are gone."""
    found = Conf(tmp_path, base=SHIPPED).rewritten()["base"]
    assert found.text == SHIPPED_AFTER
    assert not found.findings


def test_several_environments(tmp_path: Path) -> None:
    """Defaults are in the base only; an environment's file stays as short as it was."""
    made = Conf(
        tmp_path,
        base=SHIPPED,
        local="server:\n  mlflow_tracking_uri: http://local  # mine\n",
        prod="tracking:\n  run: {name: null}\n",
        test="ui: {port: 5001}\n",
    ).rewritten()
    assert made["local"].text == "tracking:\n  uri: http://local  # mine\n"
    assert made["prod"].text == "run:\n  name: '{pipeline}'\n"
    assert sorted(made) == ["base", "local", "prod"]
    assert [found for change in made.values() for found in change.findings] == []


def test_only_an_environment(tmp_path: Path) -> None:
    """Where the base is this plugin's, or has no file, the defaults are in the environment's."""
    made = Conf(tmp_path, base="run: {tags: {a: b}}\n", local="mlflow_tracking_uri: http://h\n")
    assert load(made.rewritten()["local"].text) == {
        "tracking": {"uri": "http://h"},
        "params": {"flatten": False},
        "run": {"name": "{pipeline}"},
        "catalog": {"auto": False},
    }


def test_what_would_mean_something_else_is_found(tmp_path: Path) -> None:
    """A key of both plugins, which meant another thing beside a file of before 0.8."""
    made = Conf(tmp_path, base="mlflow_tracking_uri: http://h\n", local="run: {nested: true}\n")
    (change,) = made.rewritten().values()
    assert change.findings == [
        (0, "in environment 'local', 'run.nested' is not what it was: check it")
    ]


def test_what_cannot_be_translated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It becomes a comment, with what to do above it, and has its line."""
    monkeypatch.setattr("mlflow_on_kedro.config.uri_schemes.mlflow_version", lambda: "3.17.0")
    text = """\
server:
  mlflow_tracking_uri: mlruns  # ours
  credentials: nobody
  stores_environment_variables: {A: b}
  request_header_provider:
    type: my.Headers
    pass_context: true
    init_kwargs: {team: wine}
ui: {port: w2, host: x}
"""
    found = Conf(tmp_path, base=text).rewritten()["base"]
    lines = found.text.splitlines()
    assert [lines[number - 1].strip() for number, _ in found.findings if number] == [
        "# pass_context: true",
        "# stores_environment_variables: {A: b}",
        "uri: null  # ours",
        "credentials: null",
    ]
    assert load(found.text)["tracking"]["request_headers"] == {"type": "my.Headers", "team": "wine"}
    assert load(found.text)["ui"] == {"port": None, "host": "x"}
    assert not Conf(tmp_path, base=found.text).rewritten()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "server: {mlflow_tracking_uri: 'http://h'}  # all\ntracking: {timeout: 3}\n",
            {"uri": "http://h", "timeout": 3},
        ),
        (
            "tracking:\n  uri: http://new\nserver:\n  # old\n  mlflow_tracking_uri: http://h\n",
            {"uri": "http://h"},
        ),
        (
            'server:\n    mlflow_tracking_uri: "${oc.env:URI}" # from outside\n',
            {"uri": "${oc.env:URI}"},
        ),
        (
            "server: &s\n  mlflow_tracking_uri: http://h\n_kept: *s\n",
            {"uri": "http://h"},
        ),
    ],
)
def test_forms(before: str, after: Any, tmp_path: Path) -> None:
    """Brackets, keys of both plugins, other indents, `${…}` and anchors."""
    conf = Conf(tmp_path, base=before)
    errors: list[Any] = []
    (change,) = conf.files.rewrite(conf.texts, lambda *error: errors.append(error)).values() or (
        None,
    )
    if errors:  # an anchor that would be gone
        assert "_kept" in before
    else:
        assert change is not None
        assert load(change.text)["tracking"] == after

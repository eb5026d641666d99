"""Catalog files of other plugins, rewritten in their text."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.commands.migrating.catalog_text import rewritten
from mlflow_on_kedro.commands.migrating.yaml_tree import YamlError, YamlText, load
from mlflow_on_kedro.compat.kedro_mlflow.catalog_entries import translated
from mlflow_on_kedro.compat.kedro_names import is_of_before_1_0, modern

FIELD = sorted((Path(__file__).parents[2] / "compat/field").glob("catalog_*.yml"))


def meant(text: str) -> dict[str, Any]:
    """What the catalog means at run time, with the old text and the new one."""
    return {
        name: change.entry
        if isinstance(entry, dict) and (change := translated(name, entry)) is not None
        else modern(entry)
        if isinstance(entry, dict) and is_of_before_1_0(entry)
        else entry
        for name, entry in load(text).items()
    }


def changed(before: str) -> str:
    """The new text, which has been checked."""
    after = rewritten(before).text
    assert load(after) == meant(before)
    assert meant(after) == meant(before)
    count = [len(YamlText(text).comments) for text in (before, after)]
    assert count[0] == count[1]
    assert rewritten(after).text == after
    assert not rewritten(after).uses
    return after


def diff(before: str) -> list[str]:
    """The lines that are removed and added."""
    lines = difflib.unified_diff(
        before.splitlines(), changed(before).splitlines(), n=0, lineterm=""
    )
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


@pytest.mark.parametrize("path", FIELD, ids=lambda path: path.stem)
def test_catalogs_of_the_field(path: Path) -> None:
    """Each means what it meant, with comments at every line, and in Windows' line ends, too."""
    text = path.read_text(encoding="utf-8")
    after = changed(text)
    commented = "".join(f"# {n}\n{line}  # {n}.\n" for n, line in enumerate(text.splitlines()))
    changed(commented)
    windows = text.replace("\n", "\r\n")
    assert changed(windows) == after.replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        ("{type: kedro_mlflow.io.metrics.MlflowMetricDataset, save_args: A}", "save_args"),
        ("{type: kedro_mlflow.io.metrics.MlflowMetricDataset, load_args: A}", "load_args"),
        ("{type: kedro_mlflow.io.metrics.MlflowMetricHistoryDataset, load_args: A}", "load_args"),
        ("{type: kedro_mlflow.io.models.MlflowModelTrackingDataset, save_args: A}", "save_args"),
        (
            "{type: kedro_mlflow.io.MlflowDataSet, dataset: {type: text.TextDataset, metadata: A}}",
            "metadata",
        ),
        ("{type: pandas.CSVDataSet, filepath: a.csv, layer: raw, metadata: A}", "metadata"),
    ],
)
def test_a_reference_in_place_of_a_mapping(entry: str, key: str) -> None:
    """Its items cannot be changed, so the entry stays, with what to do; others are rewritten."""
    entry = entry.replace(f"{key}: A", f"{key}: '${{_args}}'")
    text = f"_args: {{}}\na: {entry}\nb: {{type: kedro_mlflow.io.metrics.MlflowMetricDataset}}\n"
    found = rewritten(text)
    assert found.text.splitlines()[1:3] == [
        f"# kedro mlflow migrate: '{key}' is '${{_args}}': write it as a mapping here",
        f"a: {entry}",
    ]
    assert "b: {type: mlflow_on_kedro.MLflowDataset, dataset: m}" in found.text


def test_a_reference_that_is_passed_on() -> None:
    """It is as good as a mapping where its items stay."""
    text = "a: {type: kedro_mlflow.io.models.MlflowModelLocalFileSystemDataset, save_args: '${_a}'}"
    assert rewritten(text).text == text.replace(
        "kedro_mlflow.io.models.MlflowModelLocalFileSystemDataset",
        "mlflow_on_kedro.MLflowModelDataset",
    )


OTHERS = """\
# Kedro's own, in an odd form
csv: {  type:   pandas.CSVDataset,filepath: "a.csv" }   # kept

"{name}_raw":
    filepath:   'data/{name}.csv'
    type: pandas.CSVDataset
_yaml_anchor: &args
    sep:    ";"
path: ${globals:root}/x
"""


def test_others_stay() -> None:
    """Entries of nobody's are byte for byte as they were."""
    assert changed(OTHERS) == OTHERS
    text = (
        OTHERS
        + "f1: {type: kedro_mlflow.io.metrics.MlflowMetricDataset}\n"
        + OTHERS.replace("csv:", "csv_2:")
        .replace("_raw", "_raw_2")
        .replace("_yaml_anchor: &args", "_b: &args_2")
        .replace("path:", "path_2:")
    )
    assert [line[0] for line in diff(text)] == ["-", "+"]


def test_the_smallest_edit() -> None:
    """Comments, order, quotes and `${…}` stay."""
    text = """\
report:  # for the board
  # above the type
  type: "kedro_mlflow.io.artifacts.MlflowArtifactDataSet"  # artifact
  data_set:   # inner
    type: 'pickle.PickleDataSet'
    filepath: ${root}/a.pkl  # where
    # last
  artifact_path: out
"""
    assert diff(text) == [
        '-  type: "kedro_mlflow.io.artifacts.MlflowArtifactDataSet"  # artifact',
        "-  data_set:   # inner",
        "-    type: 'pickle.PickleDataSet'",
        '+  type: "mlflow_on_kedro.MLflowDataset"  # artifact',
        "+  dataset:   # inner",
        "+    type: 'pickle.PickleDataset'",
    ]


def test_keys_that_go_and_come() -> None:
    """A removed key leaves its comment; an added one comes where it belongs."""
    text = """\
a:
  type: kedro_mlflow.io.artifacts.MlflowArtifactDataset
  dataset:
    type: pickle.PickleDataset
    versioned: true  # each run
    layer: raw
    filepath: a.pkl
m:
    type: kedro_mlflow.io.metrics.MlflowMetricDataset
    key: f1
    run_id: ab  # the first"""
    assert (
        changed(text)
        == """\
a:
  type: mlflow_on_kedro.MLflowDataset
  dataset:
    type: pickle.PickleDataset
    # each run
    filepath: a.pkl
  metadata:
    kedro-viz:
      layer: raw
  versioned: true
m:
    type: mlflow_on_kedro.MLflowDataset
    dataset: m
    dataset_name: f1
    loading_run_id: ab  # the first
    saving_run_id: ab"""
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "{type: kedro_mlflow.io.metrics.MlflowMetricDataset, key: 'f1'}",
            "{type: mlflow_on_kedro.MLflowDataset, dataset: m, dataset_name: 'f1'}",
        ),
        (
            "{key: f1, type: kedro_mlflow.io.metrics.MlflowMetricDataset}",
            "{dataset_name: f1, type: mlflow_on_kedro.MLflowDataset, dataset: m}",
        ),
        (
            "{type: kedro_mlflow.io.metrics.MlflowMetricDataset, save_args: {timestamp: 3}}",
            "{type: mlflow_on_kedro.MLflowDataset, dataset: m}",
        ),
        (
            "{layer: raw, type: kedro_mlflow.io.metrics.MlflowMetricDataset, save_args: {a: 3}}",
            (
                "{type: mlflow_on_kedro.MLflowDataset, dataset: m, "
                "metadata: {kedro-viz: {layer: raw}}}"
            ),
        ),
        (
            (
                "{type: PartitionedDataSet, path: p, dataset: {type: kedro_mlflow.io.artifacts."
                "MlflowArtifactDataset, dataset: {type: text.TextDataset}}}"
            ),
            (
                "{type: mlflow_on_kedro.MLflowDataset, dataset: "
                "{type: partitions.PartitionedDataset, path: p, dataset: {type: text.TextDataset}}}"
            ),
        ),
    ],
)
def test_in_brackets(before: str, after: str) -> None:
    """Flow style stays."""
    assert changed(f"x: {before}\ny: 1\n") == f"x: {after}\ny: 1\n"


def test_in_brackets_on_several_lines() -> None:
    """The comments stay, also those of keys that go."""
    text = """\
x: {
  type: kedro_mlflow.io.artifacts.MlflowArtifactDataset,  # r
  # above
  data_set: {
    type: text.TextDataset, # t
    layer: raw, # l
    filepath: x,
  },
}
y: {
  type: kedro_mlflow.io.models.MlflowModelRegistryDataset,  # r
  model_name: n, alias: best  # b
}
"""
    assert (
        changed(text)
        == """\
x: {
  type: mlflow_on_kedro.MLflowDataset,  # r
  # above
  dataset: {
    type: text.TextDataset, # t
    # l
    filepath: x,
  }, metadata: {kedro-viz: {layer: raw}},
}
y: {
  type: mlflow_on_kedro.MLflowModelDataset, model_uri: 'models:/n@best', pyfunc: true  # r
    # b
}
"""
    )


ANCHORS = """\
_artifact: &artifact
  type: kedro_mlflow.io.artifacts.MlflowArtifactDataSet  # the type of all

_csv: &csv
  type: pandas.CSVDataSet
  layer: raw

a:
  <<: *artifact
  data_set:
    <<: *csv  # inner
    filepath: a.csv
b: {<<: *artifact, data_set: {type: pandas.CSVDataset, filepath: b.csv}}
c:
  <<: *artifact
  data_set: *csv
d: &d
  type: kedro_mlflow.io.artifacts.MlflowArtifactDataSet
  data_set: &inner
    type: pickle.PickleDataSet
    filepath: d.pkl
e:
  <<: *d
  artifact_path: x
f:
  type: kedro_mlflow.io.metrics.MlflowMetricDataset
  <<: [*csv]
g: *d
h: *inner
"""


def test_anchors() -> None:
    """The type may be in an anchor, or what an alias stands for may have to change."""
    after = changed(ANCHORS)
    assert "  type: mlflow_on_kedro.MLflowDataset  # the type of all\n" in after
    assert "<<: *artifact\n" in after
    assert "<<: *d\n" in after
    assert "g: *d\n" in after


def test_names_of_before_kedro_1_0() -> None:
    """In a file that is rewritten, the other entries get the names that Kedro 1.0 knows."""
    old = """\
a:
  type: pandas.CSVDataSet  # a table
  filepath: a.csv
  layer: raw
b: {type: PartitionedDataSet, path: p, dataset: kedro.extras.datasets.text.TextDataSet}
c: {type: kedro_datasets.pandas.CSVDataset, filepath: c}
d: {type: matplotlib.MatplotlibWriter, filepath: d}
e: {type: my_package.MyDataSet}
"""
    assert rewritten(old).text == old
    metric = "x: {type: kedro_mlflow.io.metrics.MlflowMetricDataset}\n"
    after = """\
a:
  type: pandas.CSVDataset  # a table
  filepath: a.csv
  metadata:
    kedro-viz:
      layer: raw
b: {type: partitions.PartitionedDataset, path: p, dataset: text.TextDataset}
c: {type: kedro_datasets.pandas.CSVDataset, filepath: c}
d: {type: matplotlib.MatplotlibWriter, filepath: d}
e: {type: my_package.MyDataSet}
"""
    assert rewritten(metric + old).text.partition("\n")[2] == after
    assert rewritten(old, is_old_kedro=True).text == after


def test_strange_texts() -> None:
    """A file without an end of line, with odd keys and values, and an empty one."""
    text = "m:\n  type: kedro_mlflow.io.models.MlflowModelLocalFileSystemDataset\n"
    for more in (
        "  filepath: >-\n    data/\n    model\n  log_args:\n  # gone\n    a: b",
        "  flavor: mlflow.sklearn\n  filepath: 'it''s # no comment'\n  layer: models",
        "  filepath: |\n    a\n\n  # end\n",
        "  ? filepath\n  : a\n",
        "  save_args: {1: 2, on: x}\n  log_args: [1,\n    2]\n  filepath: x\n",
    ):
        changed(text + more)
    assert (rewritten("").text, rewritten("# only\n").text) == ("", "# only\n")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb:\n\ttype: x\n", 3),
        ("a: 1\n---\nb: 2\n", 2),
        ("{% for x in y %}\na: 1\n", 1),
        ("a:\n  b: {{ x }}\n", 2),
        ("- a\n", 1),
        ("a: 1\nb: !secret x\n", 2),
        ("a: *b\n", 1),
        ("a: \x07\n", 1),
    ],
)
def test_what_is_no_yaml(text: str, line: int) -> None:
    """The error has the line."""
    with pytest.raises(YamlError) as raised:
        rewritten(text)
    assert raised.value.line == line


def test_what_cannot_be_translated() -> None:
    """It stays, with one comment above it, and is found with its line each time."""
    text = "# top\n  \nx:\n  type: kedro_mlflow.io.metrics.MlflowMetricDatset\n"
    found = rewritten(text)
    assert re.search(
        r"# kedro mlflow migrate: .*Did you mean 'MlflowMetricDataset'\? .* delete the entry\.\nx:",
        found.text,
    )
    assert found.findings[0][0] == 4
    again = rewritten(found.text)
    assert (again.text, again.findings) == (found.text, found.findings)


def test_an_unknown_argument() -> None:
    """The entry stays, because no class here takes it either."""
    text = "x: {type: kedro_mlflow.io.metrics.MlflowMetricDataset, colour: red}\n"
    message = "MlflowMetricDataset has no argument 'colour'. Correct it, or take it out."
    found = rewritten(text)
    assert found.text == f"# kedro mlflow migrate: {message}\n{text}"
    assert found.findings == [(2, message)]


def test_notes() -> None:
    """What is lost is found with the line of its entry."""
    kind = "kedro_mlflow.io.metrics.MlflowMetricDataset"
    text = f"a: 1\nx:\n  type: {kind}\n  save_args: {{timestamp: 1}}\n"
    assert rewritten(text).findings == [(2, "'x': save_args of a metric has no timestamp")]


def test_a_problem_through_an_anchor() -> None:
    """What a class in an anchor has is said once, above the anchor."""
    images = "_images: &images\n  type: pipelinex.ImagesLocalDataSet\n"
    text = images + "a:\n  <<: *images\n  path: a\nb:\n  <<: *images\n  path: b\n"
    found = rewritten(text)
    ((line, message),) = found.findings
    assert (line, found.uses) == (2, {"PipelineX"})
    assert found.text == f"# kedro mlflow migrate: {message}\n{text}"
    assert rewritten(found.text).text == found.text

"""What the MLflow datasets share: names, places on disk, and the run that is logged to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DatasetError
from mlflow_on_kedro import MLflowDataset
from mlflow_on_kedro.config.sections import Config, Tracking
from mlflow_on_kedro.datasets import other_runs
from mlflow_on_kedro.datasets.default_paths import default_filepath
from mlflow_on_kedro.datasets.other_runs import SAVED_FROM_TAG
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_request import RunRequest

HOSTILE_NAMES = [
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "",
    "...",
    ".ssh/authorized_keys",
    "a/../../../b",
    "C:\\Windows\\system32",
    "..\\..\\evil",
    "a\x00b\nc",
    "report#csv?x=%2e%2e%2f",
    "~root/x",
]


@pytest.fixture
def run(store_uri: str, tmp_path: Path) -> Any:
    """An open pipeline run; failures of tracking are raised."""
    config = Config(tracking=Tracking(uri=store_uri, on_failure="raise"))
    run = OwnRun.open(RunRequest(config=config, root=tmp_path, package="demo"))
    assert run is not None
    yield run
    run.end("FINISHED")


def bound(run: OwnRun, name: str = "score", **arguments: Any) -> MLflowDataset:
    """A dataset as the hooks leave it: named, and bound to the run."""
    dataset = MLflowDataset(**arguments)
    dataset.bind(name, run.root, run.uri, run)
    return dataset


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_default_place_of_a_hostile_name_is_inside_the_data_folder(
    name: str, tmp_path: Path
) -> None:
    """A dataset's name never leads out of data/mlflow, nor into a folder below it."""
    place = tmp_path / default_filepath(name, ".pkl")
    assert place.resolve().parent == tmp_path / "data" / "mlflow"
    assert not set(place.name) & set('\\/:*?"<>|#%\x00\n')


@pytest.mark.parametrize("name", [name for name in HOSTILE_NAMES if name])
def test_hostile_name_saves_inside_the_data_folder(name: str, tmp_path: Path) -> None:
    """Saving and loading under such a name work, and write nothing elsewhere."""
    root = tmp_path / "project"
    root.mkdir()
    dataset = MLflowDataset(dataset="json", caching=False)
    dataset.bind(name, root, None)
    dataset.save([1])
    assert dataset.load() == [1]
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.parent for path in written] == [root / "data" / "mlflow"]


def test_default_place_keeps_ordinary_names() -> None:
    """Letters of any script, dots, dashes, spaces and a factory's braces stay as they are."""
    assert default_filepath("ns.wine data-1", ".csv") == "data/mlflow/ns.wine data-1.csv"
    assert default_filepath("数据", ".csv") == "data/mlflow/数据.csv"
    assert default_filepath("{name}_model", ".pkl") == "data/mlflow/{name}_model.pkl"


def test_default_place_is_shared_by_both_sides_of_a_transcoded_dataset() -> None:
    """The part of a name from the @ on belongs to Kedro, not to the file."""
    assert default_filepath("df@pandas", ".csv") == default_filepath("df@spark", ".csv")


def test_placed_keeps_what_a_factory_fills_in_inside_the_data_folder(tmp_path: Path) -> None:
    """A factory's default path is made safe once the placeholder has a value."""
    name = "../../../evil"
    filled_in = f"{tmp_path}/data/mlflow/{name}.pkl"
    dataset = MLflowDataset(dataset="pkl", filepath=filled_in, dataset_name=name, caching=False)
    dataset.save(1)
    assert dataset.load() == 1
    assert [path.parent for path in tmp_path.rglob("*.pkl")] == [tmp_path / "data" / "mlflow"]


def test_placed_leaves_given_paths_alone(tmp_path: Path) -> None:
    """An absolute path, a path with `..` and a URL are the user's own choice."""
    dataset = MLflowDataset(dataset="pkl")
    assert dataset.resolved("../x.pkl") == "../x.pkl"
    dataset.bind("x", tmp_path, None)
    assert dataset.resolved("/elsewhere/x.pkl") == "/elsewhere/x.pkl"
    assert dataset.resolved("s3://bucket/x.pkl") == "s3://bucket/x.pkl"
    assert dataset.resolved("models/x.pkl") == f"{tmp_path.as_posix()}/models/x.pkl"


def test_relative_path_counts_from_the_project_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dataset made in Python writes to the same place from whatever current directory."""
    root, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    dataset = MLflowDataset(dataset="txt", filepath=Path("notes") / "a.txt")
    dataset.bind("a", root, None)
    dataset.save("hello")
    assert (root / "notes" / "a.txt").read_text() == "hello"
    assert not list(elsewhere.iterdir())


def test_bind_keeps_a_given_name(tmp_path: Path) -> None:
    """`dataset_name` wins over the catalog's name, which loses its transcoding."""
    given = MLflowDataset(dataset="m", dataset_name="given")
    given.bind("catalog", tmp_path, None)
    named = MLflowDataset(dataset="m")
    named.bind("catalog@pandas", tmp_path, None)
    assert (given.key(), named.key()) == ("given", "catalog")


def test_root_is_the_project_above_the_current_folder(
    make_project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unbound, as in a notebook, a dataset finds its project as Kedro does."""
    project = make_project("")
    below = project.root / "notebooks" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert MLflowDataset(dataset="m").root == project.root


def test_key_without_a_name_says_what_to_give() -> None:
    """An unnamed dataset names the two arguments that help."""
    with pytest.raises(DatasetError, match=r"has no name .* Give it `dataset_name`"):
        MLflowDataset(dataset="m").key()


def test_bound_dataset_logs_to_its_run(run: OwnRun) -> None:
    """What is saved reaches the run that the dataset is bound to."""
    bound(run, dataset="m").save(0.5)
    run.flush()
    assert run.client.get_run(run.run_id).data.metrics == {"score": 0.5}


def test_saving_experiment_makes_one_run_for_a_pipeline_run(run: OwnRun) -> None:
    """All that one pipeline run saves to another experiment is in one FINISHED run there."""
    arguments = {"dataset": "m", "saving_experiment_name": "elsewhere"}
    bound(run, "one", **arguments).save(1)
    bound(run, "two", **arguments).save(2)
    experiment = run.client.get_experiment_by_name("elsewhere")
    (there,) = run.client.search_runs([experiment.experiment_id])
    assert there.data.metrics == {"one": 1, "two": 2}
    assert there.info.status == "FINISHED"
    assert there.info.run_name == run.name
    assert there.data.tags[SAVED_FROM_TAG] == run.run_id
    assert run.client.get_run(run.run_id).data.metrics == {}
    assert run.client.get_run(run.run_id).info.status == "RUNNING"


def test_nodes_that_save_elsewhere_at_once_share_one_run(run: OwnRun) -> None:
    """Threads do not each make a run of their own."""
    datasets = [
        bound(run, f"n{number}", dataset="m", saving_experiment_name="elsewhere")
        for number in range(4)
    ]
    threads = [threading.Thread(target=dataset.save, args=(1,)) for dataset in datasets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    experiment = run.client.get_experiment_by_name("elsewhere")
    (there,) = run.client.search_runs([experiment.experiment_id])
    assert set(there.data.metrics) == {"n0", "n1", "n2", "n3"}


def test_saving_run_id_leaves_that_run_as_it_is(run: OwnRun) -> None:
    """A given run gets the value, and keeps its status."""
    other = run.client.create_run(run.opened.experiment_id)
    bound(run, dataset="p", saving_run_id=other.info.run_id).save("x")
    there = run.client.get_run(other.info.run_id)
    assert there.data.params == {"score": "x"}
    assert there.info.status == "RUNNING"


def test_failed_save_leaves_no_running_run_elsewhere(run: OwnRun) -> None:
    """A run elsewhere that could not get its value is FAILED, not RUNNING for ever."""
    dataset = bound(run, dataset="p", saving_experiment_name="elsewhere", too_long="error")
    with pytest.raises(Exception, match="is 7000 characters long"):
        dataset.save("x" * 7000)
    experiment = run.client.get_experiment_by_name("elsewhere")
    (there,) = run.client.search_runs([experiment.experiment_id])
    assert there.info.status == "FAILED"


def test_unknown_saving_run_id_is_said(run: OwnRun) -> None:
    """The message names the dataset, the store and the id."""
    dataset = bound(run, dataset="m", saving_run_id="nosuchrun")
    with pytest.raises(DatasetError, match=r"'score': MLflow at sqlite.* has no run 'nosuchrun'"):
        dataset.save(1)


@pytest.mark.parametrize("target", [{}, {"saving_run_id": "abc"}])
def test_unreachable_saving_uri_warns_and_goes_on(
    target: dict[str, str],
    store_uri: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A dead other server is one warning, without its credentials; the file is there."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    request = RunRequest(Config(tracking=Tracking(uri=store_uri)), tmp_path, package="demo")
    run = OwnRun.open(request)
    assert run is not None
    dead = "http://me:hunter2@127.0.0.1:9"
    dataset = bound(run, dataset="m", saving_tracking_uri=dead, caching=False, **target)
    with caplog.at_level(logging.WARNING, "mlflow_on_kedro"):
        dataset.save(0.5)
    (warning,) = [item for item in caplog.records if item.name.startswith("mlflow_on_kedro")]
    assert "'score' is not saved to MLflow at http://***@127.0.0.1:9" in warning.getMessage()
    assert "saving_tracking_uri" in warning.getMessage()
    assert "hunter2" not in caplog.text
    assert dataset.load() == 0.5
    run.end("FINISHED")


@pytest.mark.parametrize(
    "target",
    [
        {"saving_run_id": "abc"},
        {"saving_experiment_name": "elsewhere"},
        {"saving_tracking_uri": "http://127.0.0.1:9"},
    ],
)
def test_offline_saves_nowhere_else(
    target: dict[str, str],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Offline no server is contacted; one warning says that the value is in no other run."""
    tracking = Tracking(uri="http://127.0.0.1:9", mode="offline", on_failure="raise")
    run = OwnRun.open(RunRequest(Config(tracking=tracking), tmp_path, package="demo"))
    assert run is not None
    for function in ("join", "start"):
        monkeypatch.setattr(other_runs, function, lambda *_: pytest.fail("contacted"))
    dataset = bound(run, dataset="m", caching=False, **target)
    with caplog.at_level(logging.WARNING, "mlflow_on_kedro"):
        dataset.save(0.5)
    (warning,) = [item for item in caplog.records if item.name.startswith("mlflow_on_kedro")]
    assert "'score' is not saved to MLflow" in warning.getMessage()
    assert "`tracking.mode` is offline" in warning.getMessage()
    assert dataset.load() == 0.5
    run.end("FINISHED")


def test_unreachable_saving_uri_raises_if_asked(
    run: OwnRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tracking.on_failure: raise` holds for other servers too."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    dataset = bound(run, dataset="m", saving_tracking_uri="http://127.0.0.1:9")
    with pytest.raises(DatasetError, match="Max retries exceeded"):
        dataset.save(0.5)


def test_tracking_switched_off_makes_it_a_plain_dataset(run: OwnRun, tmp_path: Path) -> None:
    """With `enabled: false` nothing is logged, not even to a given run."""
    dataset = MLflowDataset(dataset="m", saving_run_id=run.run_id)
    dataset.bind("score", tmp_path, run.uri, None, logs=False)
    dataset.save(0.5)
    assert dataset.load() == 0.5
    assert run.client.get_run(run.run_id).data.metrics == {}

"""One run of several pipelines: they agree on it, and the last one ends it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.journal.folder import new_id
from mlflow_on_kedro.journal.records import Header
from mlflow_on_kedro.tracking import parts, shared_run, store
from mlflow_on_kedro.tracking.opening import as_opened, end_run, open_run
from mlflow_on_kedro.tracking.parts import PART_TAG, Part
from mlflow_on_kedro.tracking.shared_run import CHOSEN_TAG, KEY_TAG, searchable

from tests.faults.server import Server


def header(key: str = "k", **changed: Any) -> Header:
    """One pipeline's part of the run with a key."""
    content: dict[str, Any] = {"start_ms": 5, "root": "/", "key": key, **changed}
    return Header(new_id(), "demo", **content)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are waited for less long."""
    monkeypatch.setattr(shared_run, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(shared_run, "POLL_SECONDS", 0.02)


@pytest.fixture
def runs(client: Any) -> Callable[[], list[Any]]:
    """A function that gives all runs there are."""

    def runs_() -> list[Any]:
        experiment = client.get_experiment_by_name("demo")
        return list(client.search_runs([experiment.experiment_id]))

    return runs_


def join(uri: str, root: Path, head: Header) -> str:
    """Join the run of a key as a process does that has just begun."""
    return open_run(store.connect(uri), head, uri, root).run_id


def join_in_process(uri: str, root: str, key: str, barrier: Any, found: Any) -> None:
    """The same in a process of its own, when all others are ready."""
    store.prepare()
    barrier.wait(60)
    found.put(join(uri, Path(root), header(key)))


class TestJoin:
    """Finding or creating the run."""

    def test_one_after_the_other(
        self, store_uri: str, tmp_path: Path, runs: Callable[[], list[Any]]
    ) -> None:
        """The first creates the run, the second finds it, also after it has ended."""
        client = store.connect(store_uri)
        first, second, third = header(), header(), header()
        opened = open_run(client, first, store_uri, tmp_path)
        assert join(store_uri, tmp_path, second) == opened.run_id
        for head in (first, second):
            end_run(client, head, opened, "FINISHED", 9)
        assert join(store_uri, tmp_path, third) == opened.run_id
        (run,) = runs()
        assert run.info.status == "RUNNING"
        assert run.data.tags[CHOSEN_TAG] == "true"

    def test_again(self, store_uri: str, tmp_path: Path, runs: Callable[[], list[Any]]) -> None:
        """The same part that tries again, after a failure, is one part of one run."""
        head = header()
        assert len({join(store_uri, tmp_path, head) for _ in range(3)}) == 1
        (run,) = runs()
        assert [key for key in run.data.tags if key.startswith(PART_TAG)] == [
            PART_TAG + head.journal
        ]

    def test_other_keys(self, store_uri: str, tmp_path: Path) -> None:
        """Another key is another run, also one that differs in case or in a wildcard."""
        keys = ["key", "KEY", "k_y", "k%", "key "]
        assert len({join(store_uri, tmp_path, header(key)) for key in keys}) == len(keys)

    @pytest.mark.parametrize(
        "key",
        [
            "it's",
            'a "b"',
            "a'b\"c",
            "back\\slash",
            "per%cent",
            "`tick`",
            "two\nlines",
            "東京",
            "''",
        ],
    )
    def test_any_text(self, store_uri: str, tmp_path: Path, key: str) -> None:
        """Any text can be a key."""
        assert len({join(store_uri, tmp_path, header(key)) for _ in range(2)}) == 1

    def test_a_long_key(self) -> None:
        """A key is never longer than MLflow takes."""
        assert len(searchable("東" * 9000)) <= 8000

    def test_a_process_that_died(
        self, store_uri: str, tmp_path: Path, runs: Callable[[], list[Any]]
    ) -> None:
        """A process that died between creating a run and choosing it does not block the others."""
        client = store.connect(store_uri)
        experiment = client.create_experiment("demo")
        client.create_run(experiment, start_time=1, tags={KEY_TAG: "k"})
        assert join(store_uri, tmp_path, header()) == join(store_uri, tmp_path, header())
        assert len(runs()) == 1

    def test_threads_at_once(
        self, store_uri: str, tmp_path: Path, runs: Callable[[], list[Any]]
    ) -> None:
        """Several at once agree on one run, and no other is left."""
        with ThreadPoolExecutor(6) as pool:
            heads = [header(start_ms=number) for number in range(6)]
            found = list(pool.map(lambda head: join(store_uri, tmp_path, head), heads))
        assert len(set(found)) == 1
        (run,) = runs()
        assert run.info.run_id == found[0]
        assert sum(key.startswith(PART_TAG) for key in run.data.tags) == 6

    def test_processes_at_once(
        self, store_uri: str, tmp_path: Path, runs: Callable[[], list[Any]]
    ) -> None:
        """So do processes."""
        context = multiprocessing.get_context("spawn")
        barrier, found = context.Barrier(2), context.Queue()
        words = (store_uri, str(tmp_path), "k", barrier, found)
        processes = [context.Process(target=join_in_process, args=words) for _ in range(2)]
        for process in processes:
            process.start()
        ids = {found.get(timeout=120) for _ in processes}
        for process in processes:
            process.join(60)
        assert len(ids) == 1
        assert len(runs()) == 1


def test_a_server(server: Server, tmp_path: Path) -> None:
    """All of that holds for a tracking server too: several agree, and the last one ends it."""
    heads = [header('it\'s 100% "東京"', start_ms=number) for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda head: join(server.uri, tmp_path, head), heads))
    assert len(set(found)) == 1
    client = store.connect(server.uri)
    experiment = client.get_experiment_by_name("demo")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    opened = as_opened(run.info)
    said = [end_run(client, head, opened, "FINISHED", 9) for head in heads]
    assert said == ["RUNNING"] * 3 + ["FINISHED"]
    assert client.get_run(opened.run_id).info.status == "FINISHED"


class TestLeave:
    """Ending one part of the run."""

    @pytest.mark.parametrize(
        ("statuses", "expected"),
        [
            (["FINISHED", "FINISHED", "FINISHED"], "FINISHED"),
            (["FAILED", "FINISHED", "FINISHED"], "FAILED"),
            (["FINISHED", "FINISHED", "FAILED"], "FAILED"),
            (["KILLED", "FAILED", "FINISHED"], "FAILED"),
            (["FINISHED", "KILLED", "FINISHED"], "KILLED"),
        ],
    )
    def test_the_last_one_ends_it(
        self,
        store_uri: str,
        client: Any,
        tmp_path: Path,
        statuses: list[str],
        expected: str,
    ) -> None:
        """The run is open until the last part ends; the worst end of any part is its status."""
        heads = [header() for _ in statuses]
        opened = [open_run(client, head, store_uri, tmp_path) for head in heads]
        said = [
            end_run(client, head, found, status, 9)
            for head, found, status in zip(heads, opened, statuses, strict=True)
        ]
        assert said == ["RUNNING", "RUNNING", expected]
        info = client.get_run(opened[0].run_id).info
        assert (info.status, info.end_time) == (expected, 9)

    def test_twice(self, store_uri: str, client: Any, tmp_path: Path) -> None:
        """A part that ends twice, as after a failure half-way, has ended once."""
        first, second = header(), header()
        opened = open_run(client, first, store_uri, tmp_path)
        open_run(client, second, store_uri, tmp_path)
        for _ in range(2):
            assert end_run(client, first, opened, "FINISHED", 9) == "RUNNING"
        assert end_run(client, second, opened, "FINISHED", 10) == "FINISHED"

    @pytest.mark.parametrize("end", ["FAILED", "KILLED", None])
    def test_a_retry(self, store_uri: str, client: Any, tmp_path: Path, end: str | None) -> None:
        """A later part for the same nodes makes up for one that failed, or that was killed.

        Of one that was killed without a word somebody else may tell when it ended, but later.
        """
        first, retry = header(work=["a"]), header(work=["a", "b"], start_ms=20)
        other = header(work=["c"], start_ms=6)
        opened = open_run(client, first, store_uri, tmp_path)
        open_run(client, other, store_uri, tmp_path)
        run_id = opened.run_id
        if end:
            client.set_tag(run_id, "error", "ValueError: no\nsuch luck")
            client.set_tag(run_id, "kedro.failed_node", "a")
            assert end_run(client, first, opened, end, 9) == "RUNNING"
        open_run(client, retry, store_uri, tmp_path)
        assert end_run(client, retry, opened, "FINISHED", 30) == "RUNNING"
        assert end_run(client, other, opened, "FINISHED", 40) == "FINISHED"
        if not end:
            assert end_run(client, first, opened, "KILLED", 9) == "FINISHED"
        run = client.get_run(run_id)
        assert run.info.status == "FINISHED"
        failed = "FAILED in the node a: ValueError: no such luck"
        told = failed if end == "FAILED" else "KILLED"
        assert run.data.tags[parts.ATTEMPTS_TAG] == told
        assert not {"error", "kedro.failed_node"} & run.data.tags.keys()

    def test_the_rest_is_repeated(self, store_uri: str, client: Any, tmp_path: Path) -> None:
        """As with `--from-nodes`: what had succeeded before the failure need not run again."""
        first, retry = header(work=["a", "b", "c"]), header(work=["b", "c"], start_ms=20)
        opened = open_run(client, first, store_uri, tmp_path)
        for node in "ab":
            client.log_metric(opened.run_id, f"system/time/{node}", 1.0)
        client.set_tag(opened.run_id, "kedro.failed_node", "b")
        assert end_run(client, first, opened, "FAILED", 9) == "FAILED"
        open_run(client, retry, store_uri, tmp_path)
        assert end_run(client, retry, opened, "FINISHED", 30) == "FINISHED"

    @pytest.mark.parametrize(
        "later",
        [
            {"work": ["b"], "start_ms": 20},
            {"work": ["a", "params:1"], "start_ms": 20},
            {"work": ["a", "b"], "start_ms": 8},
            {"work": [], "start_ms": 20},
        ],
        ids=["other_nodes", "other_params", "at_the_same_time", "unknown"],
    )
    def test_no_retry(
        self, store_uri: str, client: Any, tmp_path: Path, later: dict[str, Any]
    ) -> None:
        """Other nodes, other runtime parameters, or a twin beside it make up for nothing."""
        params = ["params:2"] if "params:1" in later["work"] else []
        first, second = header(work=["a", *params]), header(**later)
        opened = open_run(client, first, store_uri, tmp_path)
        open_run(client, second, store_uri, tmp_path)
        end_run(client, first, opened, "FAILED", 9)
        assert end_run(client, second, opened, "FINISHED", 30) == "FAILED"
        assert parts.ATTEMPTS_TAG not in client.get_run(opened.run_id).data.tags

    def test_a_twin_that_fails_later(self, store_uri: str, client: Any, tmp_path: Path) -> None:
        """A part that was taken for killed, and was alive, counts once it fails."""
        first, second = header(work=["a"]), header(work=["a"], start_ms=8)
        opened = open_run(client, first, store_uri, tmp_path)
        open_run(client, second, store_uri, tmp_path)
        assert end_run(client, second, opened, "FINISHED", 30) == "FINISHED"
        assert end_run(client, first, opened, "FAILED", 40) == "FAILED"

    def test_one_of_two_failures_is_repeated(
        self, store_uri: str, client: Any, tmp_path: Path
    ) -> None:
        """The run's error is that of the part that still counts."""
        heads = [header(work=[name]) for name in "ab"]
        opened, _ = [open_run(client, head, store_uri, tmp_path) for head in heads]
        for head in heads:
            client.set_tag(opened.run_id, "error", f"of {head.work[0]}")
            end_run(client, head, opened, "FAILED", 9)
        retry = header(work=["b"], start_ms=20)
        open_run(client, retry, store_uri, tmp_path)
        assert end_run(client, retry, opened, "FINISHED", 30) == "FAILED"
        tags = client.get_run(opened.run_id).data.tags
        assert (tags["error"], tags[parts.ATTEMPTS_TAG]) == ("of a", "FAILED: of b")

    def test_the_whole_duration(self, store_uri: str, client: Any, tmp_path: Path) -> None:
        """The last part logs how long all of them took, where each has logged its own duration."""
        heads = [header(start_ms=5), header(start_ms=2000)]
        opened, _ = [open_run(client, head, store_uri, tmp_path) for head in heads]
        for head, end in zip(heads, (1005, 4005), strict=True):
            client.log_metric(opened.run_id, "system/time/pipeline", 1.0, timestamp=end)
            end_run(client, head, opened, "FINISHED", end)
        assert client.get_run(opened.run_id).data.metrics == {"system/time/pipeline": 4.0}

    def test_a_failure_stays(self, store_uri: str, client: Any, tmp_path: Path) -> None:
        """A part that comes after a failure does not make the run a success."""
        first, later = header(), header()
        opened = open_run(client, first, store_uri, tmp_path)
        assert end_run(client, first, opened, "FAILED", 9) == "FAILED"
        open_run(client, later, store_uri, tmp_path)
        assert end_run(client, later, opened, "FINISHED", 10) == "FAILED"

    def test_at_once(self, store_uri: str, client: Any, tmp_path: Path) -> None:
        """Parts that end at once leave no run open."""
        heads = [header() for _ in range(5)]
        opened = [open_run(client, head, store_uri, tmp_path) for head in heads]
        clients = [store.connect(store_uri) for _ in heads]
        with ThreadPoolExecutor(5) as pool:
            said = list(
                pool.map(
                    lambda part: end_run(part[0], part[1], opened[0], "FINISHED", 9),
                    zip(clients, heads, strict=True),
                )
            )
        assert "FINISHED" in said
        assert client.get_run(opened[0].run_id).info.status == "FINISHED"


class TestPart:
    """What a run's tags say of its parts."""

    def test_there_and_back(self) -> None:
        """A tag's value says all, and one of an earlier version the status alone."""
        part = Part("FAILED", 5, 9, ["a", "\N{HEAVY BLACK HEART}"], "a", "ValueError: no", 20)
        tags = {f"{PART_TAG}x": part.tag, f"{PART_TAG}y": "RUNNING", "other": "{}"}
        assert parts.in_tags(tags) == {"x": part, "y": Part("RUNNING")}

    @pytest.mark.parametrize("value", ["", "[]", "3", '{"status": 1, "new": 2}', "{}"])
    def test_a_damaged_tag(self, value: str) -> None:
        """Whatever a tag says is a part."""
        assert len(parts.in_tags({f"{PART_TAG}x": value})) == 1

    def test_many_nodes(self) -> None:
        """A pipeline of any size fits into a tag, and is known again."""
        work = parts.work_of((f"namespace.of.some.length.node_{n}" for n in range(1000)), {"a": 1})
        part = Part.from_header(header(work=work, start_ms=1))
        assert len(part.tag) < 4000
        assert part.is_done_by(header(work=work, start_ms=2))
        assert not part.is_done_by(header(work=work[1:], start_ms=2))

"""The page of a run: what is on it, also when names are odd or files cannot be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow_on_kedro.history.run_page import RunPage
from mlflow_on_kedro.journal.span import Span
from mlflow_on_kedro.tracking.finding import Runs

ODD = "<script>alert(1)</script> [red]x[/red] \x1b[2J"
TIMELINE = {
    "format": 1,
    "workers": [],
    "spans": [
        {"kind": "run", "node": "<b>fit</b>", "start": 100.0, "end": 103.0, "step": 0},
        {"kind": "run", "node": "judge", "start": 103.0, "end": 104.0, "step": 1}
        | {"failed": True, "usage": {"process_cpu_percentage": {"mean": 20.0, "peak": 95.0}}},
    ],
}


@pytest.fixture
def page(runs: Runs, client: Any, tmp_path: Path) -> RunPage:
    """The page of a run that has failed, with odd names, a secret and a file."""
    experiment = client.create_experiment("demo", (tmp_path / "artifacts").as_uri())
    run = client.create_run(experiment, 10**12, {"kedro_command": "kedro run"}, f"r {ODD}")
    run_id = run.info.run_id
    client.create_run(experiment, tags={"mlflow.parentRunId": run_id}, run_name="below")
    client.log_param(run_id, "text", f"two\nlines {ODD}")
    client.log_param(run_id, "long", "y" * 5000)
    client.log_param(run_id, "db_password", "hunter2")
    client.log_metric(run_id, "acc", 0.75)
    client.log_metric(run_id, "nan", float("nan"))
    client.log_metric(run_id, "system/memory", 3.0)
    client.set_tag(run_id, "error", "ValueError: http://me:hunter2@host is away")
    client.set_tag(run_id, "kedro.failed_node", "judge")
    client.set_tag(run_id, "team", "red")
    client.set_tag(run_id, "kedro.hardware.cpu", "8 cores, EPYC")
    client.set_tag(run_id, "kedro.hardware.memory", "32.0 GB")
    client.set_tag(run_id, "mlflow.linkedPrompts", '[{"name": "answer", "version": "3"}]')
    client.log_text(run_id, json.dumps(TIMELINE), "kedro/timeline.json")
    client.set_terminated(run_id, "FAILED", 10**12 + 4000)
    return RunPage.from_run(runs, client.get_run(run_id))


def test_text(page: RunPage) -> None:
    """A terminal gets all of it, without control characters, secrets and the plugin's timings."""
    text = page.to_text(70)
    assert text.splitlines()[0].startswith("r <script>alert(1)</script> [red]x[/red] �[2J")
    for words in (
        "took 4.0 s",
        "node judge: ValueError: http://***@host is away",
        "command  kedro run",
        "acc  0.75",
        "db_password  ***",
        "machine  8 cores, EPYC, 32.0 GB",
        "Tags\n  team  red\n",
        "Prompts\n  answer  version 3\n",
        "kedro/timeline.json",
        "below  RUNNING",
        "judge       ",
        "judge  CPU 95 %",
        "█ ✗     1.00 s",
    ):
        assert words in text
    assert "\x1b" not in text
    assert "hunter2" not in text
    assert "system/memory" not in text
    assert page.problems == []
    assert text == page.to_text(70)
    assert repr(page).splitlines()[0] == text.splitlines()[0]


def test_html(page: RunPage) -> None:
    """A notebook gets the same, and no text of the run is HTML."""
    html = page._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<b>fit" not in html
    assert "hunter2" not in html
    assert "Timeline</h4>" in html


def test_json(page: RunPage) -> None:
    """Scripts get JSON that any parser reads, with whole values."""
    content = json.loads(json.dumps(page.to_json(), allow_nan=False))
    assert content["metrics"] == {"acc": 0.75, "nan": None}
    assert len(content["params"]["long"]) == 5000
    assert content["start"] == "2001-09-09T01:46:40.000+00:00"
    assert content["seconds"] == 4.0
    assert content["artifacts"]["kedro/timeline.json"] > 0
    assert [span["node"] for span in content["timeline"]] == ["<b>fit</b>", "judge"]
    assert content["timeline"][1]["usage"]["process_cpu_percentage"]["peak"] == 95.0


def test_no_artifact_store(runs: Runs, add: Callable[..., str], client: Any) -> None:
    """What cannot be read is a line of the page, and the rest is there."""
    run_id = add("a", {"acc": 1.0})
    experiment = client.create_experiment("away", "s3://bucket-of-nobody/x")
    away = client.create_run(experiment, run_name="b").info.run_id
    assert RunPage.from_run(runs, client.get_run(run_id)).problems == []
    found = RunPage.from_run(runs, client.get_run(away))
    assert "so its files are not listed" in " ".join(found.to_text().split())
    assert found.to_json()["artifacts"] is None


def test_an_empty_page() -> None:
    """A run of which nothing is known has a page, too."""
    from mlflow_on_kedro.history.run_record import RunRecord

    page = RunPage(RunRecord("1", "", "1", "RUNNING", 0), spans=[Span("run", "n", "n", 0, 0, 0)])
    assert "n" in page.to_text(0)
    assert "n" in page._repr_html_()

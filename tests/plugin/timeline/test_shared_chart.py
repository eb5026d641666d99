"""The chart of a run that several pipelines log to, from what MLflow has of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mlflow_on_kedro.timeline.shared_chart import CHART_REQUEST_TAG, chart_request, draw

from tests.gantt_pages import content_of


@pytest.fixture
def make(client: Any) -> Callable[..., Any]:
    """A function that makes a run in which two nodes were timed."""

    def make_(tag: str | None, status: str = "FINISHED") -> Any:
        run_id = client.create_run("0", run_name="nightly").info.run_id
        if tag is not None:
            client.set_tag(run_id, CHART_REQUEST_TAG, tag)
        for step, name in enumerate(("first", "second")):
            client.log_metric(run_id, f"system/time/{name}", 0.5, timestamp=1_000 * step, step=step)
        client.set_terminated(run_id, status)
        return client.get_run(run_id)

    return make_


@pytest.mark.parametrize(
    ("tag", "status", "is_drawn"),
    [
        (None, "FINISHED", False),
        (chart_request(2, {}), "FINISHED", True),
        (chart_request(3, {}), "FINISHED", False),
        (chart_request(3, {}), "FAILED", True),
    ],
    ids=["not_wanted", "all_nodes", "one_is_missing", "failed"],
)
def test_when(
    make: Callable[..., Any], client: Any, tag: str | None, status: str, *, is_drawn: bool
) -> None:
    """It is drawn once all nodes have run, or the run has failed; and where it is wanted."""
    page = draw(client, make(tag, status))
    assert (page is not None) is is_drawn
    if page is not None:
        assert "nightly" in page
        assert [label for label, _ in content_of(page)["rows"]] == ["first", "second"]


@pytest.mark.parametrize(
    ("tag", "told"),
    [
        ("{", "Expecting"),
        ("[]", "list"),
        ("{}", "nodes"),
        (chart_request(2, {"heigth": 3}), "heigth"),
    ],
)
def test_mistakes(
    make: Callable[..., Any], client: Any, said: list[str], tag: str, told: str
) -> None:
    """What is wrong with what was asked for is said, and holds nothing up."""
    assert draw(client, make(tag)) is None
    (message,) = said
    assert message.startswith("No Gantt chart was drawn: ")
    assert told in message

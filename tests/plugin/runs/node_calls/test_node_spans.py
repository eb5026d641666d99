"""What nodes call with MLflow's tracing is below their spans, in the pipeline's one trace."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import mlflow
import openai
import pytest
from mlflow_on_kedro.config.parsing import parse
from mlflow_on_kedro.delivery.backlog import deliver, find
from mlflow_on_kedro.delivery.connection import Connection
from mlflow_on_kedro.journal.entries import CallSpan, SpanRecord, TraceNotes
from mlflow_on_kedro.observability.traces import LEAST_MLFLOW
from mlflow_on_kedro.runs.node_calls import fluent
from mlflow_on_kedro.runs.own_run import OwnRun
from mlflow_on_kedro.runs.run_request import RunRequest
from packaging.version import Version

from tests.openai_server import OpenAIServer, openai_server

if Version(mlflow.__version__).release[:2] < LEAST_MLFLOW:
    pytest.skip("traces need a newer MLflow", allow_module_level=True)

TOOL = {"type": "function", "function": {"name": "search", "parameters": {}}}
TOOL["function"]["parameters"] = {"type": "object", "properties": {}}  # type: ignore[index]


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    """A server that speaks OpenAI's API."""
    with openai_server() as started:
        yield started


@pytest.fixture(autouse=True)
def _autologged() -> Iterator[None]:
    mlflow.openai.autolog()
    yield
    mlflow.openai.autolog(disable=True)


class Nodes:
    """A run without a server, whose nodes are blocks of code."""

    def __init__(self, root: Path, uri: str, client: Any, **keys: Any) -> None:
        content = {"tracking": {"uri": uri, "mode": "offline"}, "trace": True, **keys}
        self.run = OwnRun.open(RunRequest(config=parse(content), root=root, package="demo"))
        self.root, self.uri, self.client = root, uri, client

    def node(self, name: str, work: Callable[[], Any]) -> None:
        """Run a node."""
        self.run.log_span(SpanRecord("run", name, name, 5.0, 9.0))
        with fluent.attached(self.run, name):
            work()

    def traces(self) -> list[Any]:
        """End and deliver the run; its traces."""
        self.run.end("FINISHED")
        (journal,) = find(self.root)
        opened = deliver(journal, Connection(self.uri), self.root).opened
        assert opened is not None
        self.metrics = self.client.get_run(opened.run_id).data.metrics
        return list(self.client.search_traces([opened.experiment_id]))


MakeNodes = Callable[..., Nodes]


@pytest.fixture
def nodes(tmp_path: Path, store_uri: str, client: Any) -> Iterator[MakeNodes]:
    """A function that opens a run."""
    opened: list[Nodes] = []

    def open_(**keys: Any) -> Nodes:
        opened.append(Nodes(tmp_path, store_uri, client, **keys))
        return opened[-1]

    yield open_
    for each in opened:
        each.run.end("FINISHED")


def ask(server: OpenAIServer, text: str, **more: Any) -> Any:
    """One call; a stream is read to its end, because it ends with its client."""
    with openai.OpenAI(base_url=server.url, api_key="sk-none", max_retries=0) as client:
        messages: Any = [{"role": "user", "content": text}]
        answer = client.chat.completions.create(model="gpt-4o-mini", messages=messages, **more)
        return list(answer) if more.get("stream") else answer


def parents(trace: Any) -> set[tuple[str, str, str | None]]:
    """The name and type of each span, and its parent's name."""
    names = {span.span_id: span.name for span in trace.data.spans}
    return {(span.name, span.span_type, names.get(span.parent_id)) for span in trace.data.spans}


def test_every_kind_of_call(nodes: MakeNodes, server: OpenAIServer) -> None:
    """Calls in threads, asynchronous, streamed, with tools and failing are below their nodes."""
    made = nodes()

    def threads() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda text: ask(server, text), ["one two", "three four"]))

    def others() -> None:
        async def call() -> None:
            async with openai.AsyncOpenAI(base_url=server.url, api_key="sk-none") as client:
                await client.chat.completions.create(
                    model="gpt-4o-mini", messages=[{"role": "user", "content": "async"}]
                )

        asyncio.run(call())
        ask(server, "streamed", stream=True, stream_options={"include_usage": True})
        ask(server, "what now", tools=[TOOL])
        server.failures.append(500)
        with pytest.raises(openai.InternalServerError, match="on purpose"):
            ask(server, "this fails")

    made.node("threads", threads)
    made.node("others", others)
    (trace,) = made.traces()
    chat = "CHAT_MODEL"
    assert parents(trace) == {
        ("kedro run", "WORKFLOW", None),
        ("threads", "CHAIN", "kedro run"),
        ("threads", "TASK", "threads"),
        ("Completions", chat, "threads"),
        ("others", "CHAIN", "kedro run"),
        ("others", "TASK", "others"),
        ("AsyncCompletions", chat, "others"),
        ("Completions", chat, "others"),
    }
    calls = [span for span in trace.data.spans if span.span_type == chat]
    assert len(calls) == 6
    (failed,) = [span for span in calls if span.status.status_code == "ERROR"]
    assert failed.events[0].attributes["exception.type"].endswith("InternalServerError")
    # Tokens are words, and an answer repeats the question after "You said:".
    assert made.metrics["system/llm.tokens.input/threads"] == 4
    assert made.metrics["system/llm.tokens.output/threads"] == 8
    assert made.metrics["llm.tokens.input"] == 8
    assert trace.info.token_usage["input_tokens"] == 8
    if "llm.cost" in made.metrics:  # MLflow 3.10 knows no prices without litellm
        assert made.metrics["llm.cost"] == pytest.approx(trace.info.cost["total_cost"])


def test_nodes_at_once(nodes: MakeNodes) -> None:
    """A thread's spans belong to the node that has started it, also while another node runs."""
    made, both, ended = nodes(trace="calls"), threading.Barrier(2), threading.Barrier(2)

    def work(name: str) -> Callable[[], None]:
        def call() -> None:
            both.wait(10)
            thread = threading.Thread(target=mlflow.trace(lambda: None, name=f"of {name}"))
            thread.start()
            thread.join()
            ended.wait(10)

        return call

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: made.node(name, work(name)), ["a", "b"]))
    (trace,) = made.traces()
    assert parents(trace) == {
        ("kedro run", "WORKFLOW", None),
        *((name, "CHAIN", "kedro run") for name in "ab"),
        *((f"of {name}", "UNKNOWN", name) for name in "ab"),
    }


def test_a_trace_for_each_node(nodes: MakeNodes, server: OpenAIServer) -> None:
    """With `trace_per: node` each node is a trace with its own calls and tokens."""
    made = nodes(trace="calls", trace_per="node")
    for name, text in (("short", "one"), ("long", "one two three")):
        made.node(name, lambda text=text: ask(server, text))  # type: ignore[misc]
    found = {trace.info.tags["mlflow.traceName"]: trace for trace in made.traces()}
    assert {name: trace.info.token_usage["input_tokens"] for name, trace in found.items()} == {
        "short": 1,
        "long": 3,
    }
    assert parents(found["long"]) == {
        ("long", "CHAIN", None),
        ("Completions", "CHAT_MODEL", "long"),
    }


def test_nodes_only(nodes: MakeNodes) -> None:
    """With `trace: nodes` what nodes call stays a trace of its own, as MLflow makes it."""
    made = nodes(trace="nodes")
    made.node("first", mlflow.trace(lambda: None, name="own"))
    roots = {trace.data.spans[0].name: len(trace.data.spans) for trace in made.traces()}
    assert roots == {"kedro run": 2, "own": 1}


def test_what_nodes_say_of_it(nodes: MakeNodes) -> None:
    """Tags, metadata and feedback of a node's trace are those of the pipeline's."""
    made = nodes()

    @mlflow.trace
    def work() -> None:
        mlflow.update_current_trace(tags={"mood": "good"}, metadata={"mlflow.trace.user": "ann"})
        active = mlflow.get_current_active_span()
        mlflow.log_feedback(trace_id=active.trace_id, name="fine", value=True)

    made.node("first", work)
    (trace,) = made.traces()
    assert trace.info.tags["mood"] == "good"
    assert trace.info.trace_metadata["mlflow.trace.user"] == "ann"
    assert [each.name for each in trace.info.assessments] == ["fine"]


def test_secrets_in_what_nodes_say_of_it(nodes: MakeNodes) -> None:
    """Secrets in tags and feedback are masked, whatever is in the other texts."""
    made = nodes()

    @mlflow.trace
    def work() -> None:
        tags = {"api_key": "hidden1", "source": 'he said "http://me:hidden2@host?sig=hidden3"'}
        mlflow.update_current_trace(tags=tags, metadata={"mlflow.trace.user": "ann"})
        active = mlflow.get_current_active_span()
        text = 'See "https://x.org/a?sig=hidden4". Set password=foo and restart; then go on.'
        mlflow.log_feedback(trace_id=active.trace_id, name="fine", value=1, rationale=text)

    made.node("first", work)
    (notes,) = made.run.journal.all_of(TraceNotes)  # type: ignore[union-attr]
    assert "hidden" not in notes.content
    (trace,) = made.traces()
    assert trace.info.tags["api_key"] == "***"
    assert trace.info.tags["source"] == 'he said "http://***@host?sig=***"'
    assert trace.info.trace_metadata["mlflow.trace.user"] == "ann"
    (feedback,) = trace.info.assessments
    assert feedback.rationale == (
        'See "https://x.org/a?sig=***". Set password=foo and restart; then go on.'
    )


def test_outside_of_nodes(nodes: MakeNodes) -> None:
    """What no node calls is a trace of its own."""
    made = nodes()
    made.node("first", lambda: None)
    mlflow.trace(lambda: None, name="of a hook")()
    assert len(made.traces()) == 2


def test_secrets(nodes: MakeNodes) -> None:
    """What a call is given is masked where it looks like a secret, and what it returns is not."""
    made = nodes()

    @mlflow.trace
    def connect(url: str, api_key: str, max_tokens: int) -> dict[str, str]:
        raise ValueError(f"no access: password=hidden1, {url} {api_key[:0]} {max_tokens}")

    def call() -> None:
        with pytest.raises(ValueError, match="no access"):
            connect("http://me:hidden2@host/x", api_key="hidden3", max_tokens=5)
        mlflow.trace(lambda: {"token": "Hel"}, name="answer")()

    made.node("first", call)
    (entry, answer) = made.run.journal.all_of(CallSpan)  # type: ignore[union-attr]
    assert "hidden" not in entry.content
    assert "no access: password=***" in entry.content
    assert "max_tokens" in entry.content
    assert "Hel" in answer.content
    (trace,) = made.traces()
    span = next(span for span in trace.data.spans if span.name == "connect")
    assert span.inputs == {"url": "http://***@host/x", "api_key": "***", "max_tokens": 5}


def test_memory(nodes: MakeNodes) -> None:
    """MLflow does not keep the spans of a pipeline that go on for long."""
    from mlflow.tracing.trace_manager import InMemoryTraceManager

    made = nodes()
    kept = []

    def work() -> None:
        for _ in range(3):
            mlflow.trace(lambda: None, name="call")()
        manager: Any = InMemoryTraceManager.get_instance()
        kept.append(sum(len(trace.span_dict) for trace in manager._traces.values()))

    made.node("first", work)
    assert kept == [0]
    assert len(made.traces()) == 1


def test_texts_of_prompts(nodes: MakeNodes) -> None:
    """Of a prompt's text only credentials in URLs are masked; what is around them stays."""
    made = nodes()
    text = "See https://x.org/a. Set password=foo in the file and restart; then go on."

    @mlflow.trace
    def ask_for(messages: list[dict[str, str]], prompt: str) -> None:
        """Ask nothing."""

    def call() -> None:
        message = {"role": "user", "content": f"{text} http://me:hidden1@host?token=hidden2"}
        ask_for([{**message, "api_key": "hidden3"}], prompt=text)

    made.node("first", call)
    (entry,) = made.run.journal.all_of(CallSpan)  # type: ignore[union-attr]
    assert "hidden" not in entry.content
    (trace,) = made.traces()
    (span,) = (span for span in trace.data.spans if span.name == "ask_for")
    assert span.inputs["prompt"] == text
    assert span.inputs["messages"][0]["content"] == f"{text} http://***@host?token=***"

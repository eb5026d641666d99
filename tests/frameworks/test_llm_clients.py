"""Clients of language models: their calls are in the pipeline's one trace, below their nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.openai_server import openai_server

pytestmark = pytest.mark.frameworks

CALLS = {
    "langchain": """
    from langchain_core.prompts import ChatPromptTemplate
    from langchain_openai import ChatOpenAI

    chat = ChatOpenAI(model="gpt-4o-mini", base_url=f"{url}/v1", api_key="sk-none")
    chain = ChatPromptTemplate.from_messages([("user", "{text}")]) | chat
    return chain.invoke({"text": text}).content
""",
    "litellm": """
    import litellm

    answer = litellm.completion(
        "openai/gpt-4o-mini",
        [{"role": "user", "content": text}],
        api_base=f"{url}/v1",
        api_key="sk-none",
    )
    return answer.choices[0].message.content
""",
    "anthropic": """
    import anthropic

    client = anthropic.Anthropic(base_url=url, api_key="sk-none")
    answer = client.messages.create(
        model="claude-sonnet-4", max_tokens=9, messages=[{"role": "user", "content": text}]
    )
    return answer.content[0].text
""",
    "groq": """
    import groq

    answer = groq.Groq(base_url=url, api_key="sk-none").chat.completions.create(
        model="llama", messages=[{"role": "user", "content": text}]
    )
    return answer.choices[0].message.content
""",
    "dspy": """
    import dspy

    model = dspy.LM("openai/gpt-4o-mini", api_base=f"{url}/v1", api_key="sk-none", cache=False)
    return model(text)[0]
""",
}
"""The body of a function of a URL and a text that asks a model, by MLflow's flavor."""
NODES = """
from kedro.pipeline import node, pipeline


def ask(url, text):
{body}

def create_pipeline():
    names = ["first", "second"]
    return pipeline(
        [node(ask, ["params:url", f"params:{{each}}"], each, name=each) for each in names]
    )
"""


@pytest.mark.parametrize("runner", ["SequentialRunner", "ThreadRunner", "ParallelRunner"])
@pytest.mark.parametrize("flavor", CALLS)
def test_calls(make_project: Callable[..., Any], flavor: str, runner: str) -> None:
    """One trace, with each call below its node, and its tokens."""
    pytest.importorskip({"langchain": "langchain_openai"}.get(flavor, flavor))
    with openai_server() as server:
        project = make_project(
            NODES.format(body=CALLS[flavor]),
            mlflow={"autolog": {flavor: True}, "trace": True},
            parameters={
                "url": server.url.removesuffix("/v1"),
                "first": "one two",
                "second": "three four",
            },
        )
        ran = project.kedro("run", f"--runner={runner}")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len(server.requests) == 2
    run = project.run
    (trace,) = project.client.search_traces([run.info.experiment_id])
    spans = {span.span_id: span for span in trace.data.spans}

    def node_of(span: Any) -> str:
        """The name of the span below the root, which is its node's."""
        parent = spans[span.parent_id]
        return str(span.name) if parent.parent_id is None else node_of(parent)

    calls = [span for span in spans.values() if span.span_type in {"CHAT_MODEL", "LLM"}]
    assert sorted({node_of(span) for span in calls}) == ["first", "second"]
    if flavor != "dspy":  # MLflow counts tokens only of its modules that track usage
        assert run.data.metrics["llm.tokens.input"] == 4
        assert run.data.metrics["system/llm.tokens.input/first"] == 2

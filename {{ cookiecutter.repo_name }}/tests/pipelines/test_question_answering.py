"""Nodes of the pipeline ``question_answering``, and the stub that stands in for a model."""

import pandas as pd
import pytest
from openai import OpenAI

from {{ cookiecutter.python_package }}.chat import ChatModel, chat_model, fill
from {{ cookiecutter.python_package }}.pipelines.question_answering.nodes import (
    answer_questions,
    find_passages,
    split_guide,
)
from {{ cookiecutter.python_package }}.pipelines.question_answering.scorers import (
    is_quoted,
    is_right,
)
from {{ cookiecutter.python_package }}.stub_model import answer, stub_model

GUIDE = """# Guide

## Tickets

A ticket costs
9 euros.

## Dogs

Dogs are welcome. Cats are not.
"""
PASSAGES = ["Tickets: A ticket costs 9 euros.", "Dogs: Dogs are welcome. Cats are not."]
{% raw -%}
PROMPT = [{"role": "user", "content": "{{passages}}\n\nQuestion: {{question}}"}]
{%- endraw %}


def test_split_guide() -> None:
    """Each section is one line, with its heading."""
    assert split_guide(GUIDE) == PASSAGES


def test_find_passages() -> None:
    """The passage with the question's words comes first."""
    questions = pd.DataFrame({"question": ["Are dogs welcome?", "What is a ticket?"]})
    tasks = find_passages(questions, PASSAGES, {"passages": 1})
    assert list(tasks["passages"]) == [PASSAGES[1], PASSAGES[0]]


def test_fill() -> None:
    """Variables in double braces are replaced, and braces in values are left alone."""
    (message,) = fill(PROMPT, passages="{% raw %}{{question}}{% endraw %}", question="Why?")
    assert message == {"role": "user", "content": "{% raw %}{{question}}{% endraw %}\n\nQuestion: Why?"}


def test_the_stub_answers() -> None:
    """The stub finds the sentence that has the question's words."""
    tasks = pd.DataFrame({"question": ["Are cats welcome?"], "passages": [PASSAGES[1]]})
    answers, name = answer_questions(tasks, PROMPT, {"base_url": None})
    assert list(answers["answer"]) == ["Dogs: Dogs are welcome."]
    assert name == "stub"
    assert answer([{"role": "user", "content": "Who?"}]) == "I do not know."


def test_the_stub_behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy isn't asked for the stub."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    with chat_model() as model:
        assert model.answer([{"role": "user", "content": "It's open. Is it?"}]) == "It's open."


def test_another_server() -> None:
    """Any server that speaks OpenAI's API is asked in the same way."""
    with stub_model() as url, OpenAI(base_url=url, api_key="none") as client:
        messages = fill(PROMPT, passages="It is open.", question="Is it open?")
        direct = ChatModel(client, "stub", 0.0).answer(messages)
        with chat_model(url, "stub") as model:
            assert model.answer(messages) == direct == "It is open."


def test_no_server() -> None:
    """The message has the address."""
    url = "http://127.0.0.1:9"
    with pytest.raises(ConnectionError, match=url), chat_model(url, "m") as model:
        model.answer([{"role": "user", "content": "Is it open?"}])


def test_scorers() -> None:
    """An answer is right if it has the phrase, and quoted if it is a part of the passages."""
    assert is_right("It costs 9 Euros.", {"expected_response": "9 euros"})
    assert not is_right("It is free.", {"expected_response": "9 euros"})
    assert is_quoted({"passages": PASSAGES[0]}, "A ticket costs 9 euros.")
    assert not is_quoted({"passages": PASSAGES[0]}, "9 euros, it is.")

{% raw -%}
"""The language model that the pipelines ask."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from openai import APIConnectionError, DefaultHttpxClient, OpenAI

from .stub_model import NAME, stub_model

VARIABLE = r"\{\{ *(\w+) *\}\}"


class ChatModel:
    """A model behind OpenAI's chat API.

    Args:
        client: The client of a server that speaks this API.
        name: The model's name there.
        temperature: 0: always the most probable answer.
    """

    def __init__(self, client: OpenAI, name: str, temperature: float) -> None:
        self.name = name
        self._client, self._temperature = client, temperature

    def answer(self, messages: list[dict[str, Any]]) -> str:
        """Let the model answer.

        Args:
            messages: Each with a ``role`` and a ``content``.

        Returns:
            The text of the answer.
        """
        completion = self._client.chat.completions.create(
            model=self.name, messages=messages, temperature=self._temperature
        )
        return completion.choices[0].message.content or ""


@contextmanager
def chat_model(
    base_url: str | None = None, model: str | None = None, temperature: float = 0.0
) -> Iterator[ChatModel]:
    """Connect to a model.

    Args:
        base_url: A server that speaks OpenAI's API; None: the stub of this project, which needs
            no network. The environment variable ``OPENAI_API_KEY`` has the server's key.
        model: The model's name; None: the first that the server lists.
        temperature: 0: always the most probable answer.

    Yields:
        The model, for as long as the block runs.

    Raises:
        ConnectionError: No server answers.
    """
    if base_url is None:
        direct = DefaultHttpxClient(trust_env=False)  # the environment's proxy can't reach the stub
        with stub_model() as url, OpenAI(base_url=url, api_key="-", http_client=direct) as client:
            yield ChatModel(client, NAME, temperature)
        return
    key = os.environ.get("OPENAI_API_KEY", "none")  # servers on this machine need none
    try:
        with OpenAI(base_url=base_url, api_key=key) as client:
            yield ChatModel(client, model or client.models.list().data[0].id, temperature)
    except APIConnectionError as error:
        raise ConnectionError(f"No language model answers at {base_url}.") from error


def fill(prompt: list[dict[str, str]], **values: str) -> list[dict[str, str]]:
    """Fill in the variables of a prompt.

    Args:
        prompt: Messages, with variables in double braces.
        values: A value for each variable.

    Returns:
        The messages to send.
    """

    def filled(text: str) -> str:
        return re.sub(VARIABLE, lambda found: values[found[1]], text)

    return [{**message, "content": filled(message["content"])} for message in prompt]
{%- endraw %}

"""A small server on loopback that speaks OpenAI's chat API, so that tests need no network.

The API: https://platform.openai.com/docs/api-reference/chat. It also answers messages as
Anthropic's does: https://docs.claude.com/en/api/messages.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Messages = list[dict[str, Any]]


def echo(messages: Messages) -> str:
    """Answer with the last message's text."""
    return f"You said: {messages[-1]['content']}"


class OpenAIServer:
    """Answers chat completions: whole or streamed, with token usage, tool calls or an error.

    A request with ``tools`` is answered with a call of the first tool, unless the last message
    is that tool's result. Tokens are words.
    """

    def __init__(self) -> None:
        self.reply: Callable[[Messages], str] = echo
        """Makes an answer from the messages of a request."""
        self.delay = 0.0
        """Seconds before each answer."""
        self.failures: list[int] = []
        """HTTP statuses with which the next requests are answered, instead of an answer."""
        self.requests: list[dict[str, Any]] = []
        """The bodies of all requests so far."""
        self._server = _Server(self)

    @property
    def url(self) -> str:
        """What to set ``base_url`` or ``OPENAI_BASE_URL`` to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def close(self) -> None:
        """Stop to listen."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def openai_server() -> Iterator[OpenAIServer]:
    """Run a server for a while."""
    server = OpenAIServer()
    try:
        yield server
    finally:
        server.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, owner: OpenAIServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner = owner
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        owner = self.server.owner
        owner.requests.append(body)
        time.sleep(owner.delay)
        if owner.failures:
            status = owner.failures.pop(0)
            self._send(
                status, {"error": {"message": f"failed on purpose: {status}", "code": status}}
            )
        elif self.path.endswith("/messages"):
            self._send(200, _anthropic_message(owner, body))
        elif not self.path.endswith("/chat/completions"):
            self._send(404, {"error": {"message": f"no such path: {self.path}"}})
        elif body.get("stream"):
            self._stream(body)
        else:
            message, reason = _message(owner, body)
            choice = {"index": 0, "message": message, "finish_reason": reason}
            answer = {**_head(body, "chat.completion"), "choices": [choice]}
            self._send(200, {**answer, "usage": _usage(body, message)})

    def _stream(self, body: dict[str, Any]) -> None:
        message, reason = _message(self.server.owner, body)
        head = _head(body, "chat.completion.chunk")
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        if message.get("tool_calls"):
            deltas += [{"tool_calls": [{**each, "index": 0}]} for each in message["tool_calls"]]
        else:
            deltas += [{"content": word + " "} for word in message["content"].split(" ")]
        chunks = [{"choices": [_choice(delta)]} for delta in deltas]
        chunks.append({"choices": [_choice({}, reason)]})
        if (body.get("stream_options") or {}).get("include_usage"):
            chunks.append({"choices": [], "usage": _usage(body, message)})
        lines = [json.dumps({**head, **chunk}) for chunk in chunks] + ["[DONE]"]
        content = "".join(f"data: {line}\n\n" for line in lines).encode()
        self._answer(200, content, "text/event-stream")

    def _send(self, status: int, content: dict[str, Any]) -> None:
        self._answer(status, json.dumps(content).encode(), "application/json")

    def _answer(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def _choice(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": reason}


def _head(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1_700_000_000, "model": body["model"]}


def _message(owner: OpenAIServer, body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    tools = body.get("tools")
    if tools and body["messages"][-1]["role"] != "tool":
        function = {"name": tools[0]["function"]["name"], "arguments": "{}"}
        call = {"id": "call_1", "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
    return {"role": "assistant", "content": owner.reply(body["messages"])}, "stop"


def _anthropic_message(owner: OpenAIServer, body: dict[str, Any]) -> dict[str, Any]:
    message = {"content": owner.reply(body["messages"])}
    usage = _usage(body, message)
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [{"type": "text", "text": message["content"]}],
        "stop_reason": "end_turn",
        "usage": {
            "input_tokens": usage["prompt_tokens"],
            "output_tokens": usage["completion_tokens"],
        },
    }


def _usage(body: dict[str, Any], message: dict[str, Any]) -> dict[str, int]:
    read = sum(len(str(each.get("content") or "").split()) for each in body["messages"])
    written = len(str(message.get("content") or "").split())
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}

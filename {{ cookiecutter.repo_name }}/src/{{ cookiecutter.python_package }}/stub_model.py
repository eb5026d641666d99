"""A stand-in for a language model, so that the example runs offline and always answers alike.

It speaks OpenAI's chat API on loopback. Its answer is the sentence of the messages that has most
words in common with the question.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .words import words

NAME = "stub"


@contextmanager
def stub_model() -> Iterator[str]:
    """Run the server for a while.

    Yields:
        Its address, to be used as ``base_url``.
    """
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()


def answer(messages: list[dict[str, Any]]) -> str:
    """Answer the question at the end of the last message.

    Args:
        messages: What was asked: each with a ``role`` and a ``content``.

    Returns:
        A sentence of the last message.
    """
    *sentences, question = re.split(r"(?<=[.?!])\s+|\n{2,}", messages[-1]["content"].strip())
    asked = words(question)
    return max(sentences, key=lambda each: len(asked & words(each)), default="I do not know.")


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Answer a request for a chat completion."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = answer(request["messages"])
        read = sum(len(message["content"].split()) for message in request["messages"])
        written = len(text.split())
        completion = {
            "id": "stub",
            "object": "chat.completion",
            "created": 0,
            "model": request["model"],
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "stop",
                }
            ],
            "usage": {
                "prompt_tokens": read,
                "completion_tokens": written,
                "total_tokens": read + written,
            },
        }
        content = json.dumps(completion).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Print nothing for each request."""

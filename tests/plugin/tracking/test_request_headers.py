"""Headers for requests to MLflow: what is allowed, and that MLflow asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from mlflow_on_kedro.config import header_checks
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.tracking import request_headers


@pytest.fixture(autouse=True)
def _none_afterwards() -> Iterator[None]:
    """What a test sends is not sent by others."""
    yield
    request_headers.use({})


def sent() -> dict[str, str]:
    """The headers with which MLflow would send a request."""
    from mlflow.tracking.request_header.registry import resolve_request_headers

    return dict(resolve_request_headers())


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-Team": "wine"}, {"a_b.c~": 7}, {"X": 1.5, "Y": None}, {"X": "Grüße\t"}, {"X": ""}],
)
def test_allowed(headers: Any) -> None:
    """Names of HTTP, and values that a header can hold."""
    header_checks.check(headers, "mlflow.yml")


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"X Team": "hunter2"}, "'X Team' is not allowed as the name"),
        ({"": "hunter2"}, "'' is not allowed as the name"),
        ({"X:": "hunter2"}, "'X:' is not allowed as the name"),
        ({"X": "hunter2\r\nEvil: 1"}, "the value of 'request_headers.X' (not shown)"),
        ({"X": "hunter2 €"}, "the value of 'request_headers.X' (not shown)"),
        ({"X": ["hunter2"]}, "the value of 'request_headers.X' (not shown)"),
        ({"X": True}, "the value of 'request_headers.X' (not shown)"),
        (["hunter2"], "must be a mapping"),
        ("hunter2", "must be a mapping"),
        ({"type": "hunter2"}, "must be the path of a class"),
        ({"type": {"hunter2": 1}}, "must be the path of a class"),
    ],
)
def test_refused(headers: Any, words: str) -> None:
    """Anything else is refused by name; the value, which may be a secret, is not shown."""
    with pytest.raises(ConfigError) as caught:
        header_checks.check(headers, "mlflow.yml")
    assert caught.value.message.startswith("mlflow.yml: ")
    assert words in caught.value.message
    assert "hunter2" not in caught.value.message


def test_mlflow_sends_them() -> None:
    """MLflow, which has them from a registry without a public name, sends them once."""
    usual = sent()
    request_headers.use({"X-Team": "wine", "X-Empty": None, "X-Number": 7})
    request_headers.use({"X-Team": "wine", "X-Empty": None, "X-Number": 7})
    assert sent() == {**usual, "X-Team": "wine", "X-Number": "7"}


def test_each_session_decides() -> None:
    """A session without headers does not send those of the one before."""
    usual = sent()
    request_headers.use({"X-Team": "wine"})
    request_headers.use({})
    assert sent() == usual


class Rotating:
    """A provider as MLflow's."""

    def __init__(self, name: str, *, applies: bool = True) -> None:
        self.name = name
        self.applies = applies
        self.asked = 0

    def in_context(self) -> bool:
        """Whether there is one."""
        return self.applies

    def request_headers(self) -> dict[str, str]:
        """Another one each time."""
        self.asked += 1
        return {self.name: f"{self.asked}"}


def test_of_a_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """`type` is a class that is asked for each request; the rest are its arguments."""
    monkeypatch.setattr("kedro.utils.load_obj", {"pkg.mod.Rotating": Rotating}.__getitem__)
    usual = sent()
    request_headers.use({"type": "pkg.mod.Rotating", "name": "X-Token"})
    assert sent() == {**usual, "X-Token": "1"}
    assert sent() == {**usual, "X-Token": "2"}
    request_headers.use({"type": "pkg.mod.Rotating", "name": "X-Token", "applies": False})
    assert sent() == usual


@pytest.mark.parametrize("headers", [{"type": "no.such.Class"}, {"type": "builtins.dict"}])
def test_no_such_class(headers: Any) -> None:
    """A class that is not there, or gives no headers, is one clear message."""
    with pytest.raises(ConfigError, match=rf"request_headers.type` .* '{headers['type']}'"):
        request_headers.use(headers)

"""Telling one failure of MLflow from another."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kedro.io import DatasetError
from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2 as codes
from mlflow_on_kedro.journal.entries import File, Text
from mlflow_on_kedro.tracking.failure_messages import failure_message
from mlflow_on_kedro.tracking.failures import (
    Kind,
    connection_error,
    is_gone,
    is_mistake,
    is_of_this_file,
    is_refusal,
    kind_of,
    reason,
)


def http(status: int) -> Exception:
    """What an upload raises that a server did not take."""
    error: Any = RuntimeError(f"{status}")
    error.response = SimpleNamespace(status_code=status)
    return error  # type: ignore[no-any-return]


def mlflow(code: str) -> MlflowException:
    """What MLflow raises."""
    return MlflowException("no", getattr(codes, code))


def wrapped(cause: BaseException) -> Exception:
    """What HTTP libraries make of an error of the operating system."""
    try:
        try:
            raise cause
        except type(cause) as error:
            raise RuntimeError("a long story") from error
    except RuntimeError as error:
        outer = MlflowException("API request failed")
        outer.__context__ = error
        return outer


def test_a_uri_that_mlflow_does_not_know() -> None:
    """It is no server that may answer again: the message says what to correct, and what then."""
    from mlflow.tracking.registry import UnsupportedModelRegistryStoreURIException

    error = UnsupportedModelRegistryStoreURIException("htp://x", ["http"])
    message = failure_message("htp://x", error, "so it waits")
    assert message.startswith(
        "MLflow at htp://x is not an address that MLflow knows, so it waits. Correct"
    )
    assert "kedro mlflow sync --uri URI" in message


@pytest.mark.parametrize(
    ("error", "kinds"),
    [
        (mlflow("INVALID_PARAMETER_VALUE"), "refusal"),
        (mlflow("RESOURCE_ALREADY_EXISTS"), "refusal"),
        (mlflow("RESOURCE_DOES_NOT_EXIST"), "gone"),
        (mlflow("PERMISSION_DENIED"), "denial"),
        (mlflow("UNAUTHENTICATED"), "denial"),
        (mlflow("INTERNAL_ERROR"), ""),
        (mlflow("TEMPORARILY_UNAVAILABLE"), ""),
        (http(400), "refusal"),
        (http(401), "denial"),
        (http(403), "denial"),
        (http(408), ""),
        (http(413), "refusal"),
        (http(429), ""),
        (http(500), ""),
        (http(503), ""),
        (ConnectionError("down"), ""),
        (TimeoutError("slow"), ""),
        (OSError(errno.ENOSPC, "full"), ""),
        (ValueError("x"), "mistake"),
        (KeyError("x"), "mistake"),
        (TypeError("x"), "mistake"),
        (OverflowError("x"), "mistake"),
        (DatasetError("x"), "mistake"),
        (ModuleNotFoundError("mlflow"), "mistake"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "no"), "mistake"),
        (RuntimeError("x"), ""),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value)[:60],
)
def test_kinds(error: Exception, kinds: str) -> None:
    """Each failure is of one kind at most; what a later try may mend is of none."""
    tests = {
        "refusal": is_refusal,
        "denial": lambda error: kind_of(error) in {Kind.DENIED, Kind.FORBIDDEN},
        "gone": is_gone,
        "mistake": is_mistake,
    }
    assert " ".join(name for name, test in tests.items() if test(error)) == kinds


def test_a_file(tmp_path: Path) -> None:
    """A file that cannot be read or named so is told from a store that cannot be reached."""
    (tmp_path / "a.txt").touch()
    there, missing = File(str(tmp_path / "a.txt")), File(str(tmp_path / "b.txt"))
    assert is_of_this_file(missing, FileNotFoundError("b.txt"))
    assert is_of_this_file(there, PermissionError(errno.EACCES, "no", there.path))
    assert not is_of_this_file(there, PermissionError(errno.EACCES, "no", "/store/a.txt"))
    assert is_of_this_file(Text("x", ""), OSError(errno.ENAMETOOLONG, "long"))
    assert is_of_this_file(there, MlflowException("Invalid artifact path: '..'"))
    assert not is_of_this_file(there, ConnectionError("down"))
    assert not is_of_this_file(there, OSError(errno.ENOSPC, "full"))
    assert not is_of_this_file(there, MlflowException("API request failed"))


class TestMessage:
    """What is said of a failure."""

    URI = "http://me:hunter2@host:5000"

    def test_the_systems_own_word(self) -> None:
        """Of all that was wrapped around it, the operating system's word is shown."""
        error = wrapped(ConnectionRefusedError(111, "Connection refused"))
        assert isinstance(connection_error(error), ConnectionRefusedError)
        said = failure_message(self.URI, error, "so nothing")
        assert said.startswith("MLflow at http://***@host:5000 cannot be reached, so nothing.")
        assert said.endswith("(ConnectionRefusedError: [Errno 111] Connection refused)")
        assert "hunter2" not in said

    def test_denied(self) -> None:
        """Wrong credentials come with where to look, and without the credentials."""
        said = failure_message(self.URI, http(401), "so nothing")
        assert "does not accept the credentials" in said
        assert "`tracking.credentials`" in said
        assert "hunter2" not in said

    def test_one_line(self) -> None:
        """A reason is one line, not too long, and without credentials."""
        said = reason(RuntimeError(f"{'x' * 1000}\nsecond"))
        assert len(said) < 400
        assert "\n" not in said
        assert reason(RuntimeError("")) == "RuntimeError: "
        assert "hunter2" not in reason(RuntimeError(f"cannot reach {self.URI}/api"))

    def test_no_cause(self) -> None:
        """What has no such cause has none."""
        assert connection_error(None) is None
        assert connection_error(ValueError("x")) is None


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"detail": "Not Found"}, Kind.MISSING),
        ({"error": {"code": "NotFound", "message": "no such route"}}, Kind.MISSING),
        ({"message": "no Route matched with those values"}, Kind.MISSING),
        ({"status": 405, "title": "no"}, Kind.MISSING),
        ({"statusCode": "403"}, Kind.FORBIDDEN),
        ({"detail": "something else"}, Kind.SERVER),
        ({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Not Found"}, Kind.GONE),
    ],
)
def test_json_that_is_not_mlflows(answer: dict[str, Any], kind: Kind) -> None:
    """A gateway's own answer is known by its status or words; MLflow's by its code."""
    from mlflow.exceptions import RestException

    assert kind_of(RestException(answer)) is kind

"""Requests that create something are sent once, and it is known which were not answered."""

from __future__ import annotations

import os
import threading

import pytest
from mlflow.exceptions import MlflowException
from mlflow_on_kedro.journal.folder import new_id
from mlflow_on_kedro.tracking import creating

RETRIES, TIMEOUT = "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT"


def test_answered() -> None:
    """What was created may be there, and only once."""
    what = new_id()
    assert not creating.may_exist(what)
    with creating.creating(what):
        pass
    assert creating.may_exist(what)
    assert not creating.may_exist_twice(what)


@pytest.mark.parametrize(
    ("error", "may_exist"),
    [
        (ConnectionResetError("cut off"), True),
        (TimeoutError("no answer"), True),
        (MlflowException("failed with error code 504 != 200"), True),
        (KeyboardInterrupt(), True),
        (MlflowException("failed with error code 400 != 200"), False),
        (MlflowException("failed with error code 403 != 200"), False),
        (MlflowException("failed with error code 429 != 200"), False),
        (ValueError("no such name"), False),
    ],
)
def test_failed(error: BaseException, may_exist: bool) -> None:
    """A refusal is certain; without an answer, and after a gateway's, it may be there."""
    what = new_id()
    with pytest.raises(type(error)), creating.creating(what):
        raise error
    assert creating.may_exist(what) == creating.may_exist_twice(what) == may_exist
    creating.note_single(what)
    assert not creating.may_exist_twice(what)


@pytest.mark.parametrize("before", [None, "5"])
def test_sent_once(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's client does not send them again, in whatever thread; then it does as before."""
    for name in (RETRIES, TIMEOUT):
        if before is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, before)
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with creating.creating(new_id(), timeout=100):
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with creating.creating(new_id()):
        assert (os.environ[RETRIES], os.environ.get(TIMEOUT)) == ("0", before)
        thread.start()
        entered.wait(10)
    assert (os.environ[RETRIES], os.environ[TIMEOUT]) == ("0", "100")
    leave.set()
    thread.join()
    assert (os.environ.get(RETRIES), os.environ.get(TIMEOUT)) == (before, before)

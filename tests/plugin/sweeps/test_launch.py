"""Tests of how a sweep begins: its command, and what it leaves if it cannot begin."""

from __future__ import annotations

import pytest
from mlflow_on_kedro.sweeps.launch import command_text
from mlflow_on_kedro.sweeps.request import runtime_params


@pytest.mark.parametrize("is_one_word", [True, False])
@pytest.mark.parametrize(
    "given",
    ["db.passphrase=correct horse battery", "db.pwd=it's mine", "db.password=ab;cd&ef)gh"],
)
def test_secrets_in_the_command(given: str, *, is_one_word: bool) -> None:
    """A secret parameter is masked as a whole, with all signs that a shell would quote."""
    text = f"{given},model.C=3"
    words = [f"--params={text}"] if is_one_word else ["--params", text]
    shown = command_text(["mlflow", "sweep", *words, "--jobs", "2"], runtime_params(text))
    name = given.partition("=")[0]
    assert f'{name}="***",model.C=3' in shown
    assert shown.startswith("kedro mlflow sweep ")
    assert shown.endswith(" --jobs 2")
    assert not any(part in shown for part in ("correct", "horse", "mine", "ab;", "gh"))


def test_other_words_in_the_command() -> None:
    """Credentials in another option are masked, too."""
    shown = command_text(["sweep", "--conf-source", "s3://user:word@host/x"], {})
    assert shown == "kedro sweep --conf-source 's3://***@host/x'"

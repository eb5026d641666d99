"""Names of artifacts that survive a URL."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mlflow_on_kedro.tracking.artifact_names import goes_by_http, url_safe

ODD = [*"#?\\", *map(chr, range(32)), "\x7f"]
NAMES = st.text(st.sampled_from([*"ab.-_ %25é/", *ODD]), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("mlflow-artifacts:/1/ab", True),
        ("http://host/x", True),
        ("https://host/x", True),
        ("s3://bucket/x", False),
        ("file:///x", False),
        ("/x", False),
        (r"C:\x", False),
        ("", False),
    ],
)
def test_goes_by_http(uri: str, expected: bool) -> None:
    """Only what is a server's passes through a URL."""
    assert goes_by_http(uri) is expected


@settings(derandomize=True)
@given(NAMES)
def test_nothing_odd_is_left(path: str) -> None:
    """What is left survives in a URL, in as many parts; a second time changes nothing."""
    safe = url_safe(path)
    assert not re.search(r"[#?\x00-\x1f\x7f\\]|%[0-9A-Fa-f]{2}", safe)
    assert safe.count("/") == path.count("/")
    assert url_safe(safe) == safe


@settings(derandomize=True)
@given(NAMES, NAMES)
def test_two_stay_two(first: str, second: str) -> None:
    """No two names become one."""
    assume(first != second)
    assert url_safe(first) != url_safe(second)


def test_each_character_another_name() -> None:
    """Names that differ in an odd character only are as many afterwards."""
    names = [f"part{character}1.csv" for character in [*ODD, "_", "%41"]]
    assert len({url_safe(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    "path", ["a.csv", "東京/naïve.txt", "50% off.txt", "100%", "a b/(c)+&=;.txt", "%zz", ".hidden"]
)
def test_all_else_stays(path: str) -> None:
    """What a URL can carry is left alone."""
    assert url_safe(path) == path


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("why?.csv", r"why_-[0-9a-f]{4}\.csv"),
        ("50%25 off.csv", r"50_25 off-[0-9a-f]{4}\.csv"),
        ("a#b/c.txt", r"a_b-[0-9a-f]{4}/c\.txt"),
        ("model#1.tar.gz", r"model_1\.tar-[0-9a-f]{4}\.gz"),
        ("#", r"_-[0-9a-f]{4}"),
        ("half\udcff#", r"half\udcff_-[0-9a-f]{4}"),
    ],
)
def test_ending_stays(path: str, form: str) -> None:
    """The rest of a name stays, and its ending, by which it is shown and loaded."""
    assert re.fullmatch(form, url_safe(path))

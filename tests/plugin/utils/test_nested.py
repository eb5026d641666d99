"""Nested dicts, and the flat keys of their values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow_on_kedro.utils.nested import flatten, unflatten

# The same examples in every run, and no folder of found ones.
quick = settings(max_examples=150, database=None, derandomize=True, deadline=None)

NAMES = st.text(st.characters(exclude_characters=".", codec="utf-8"), min_size=1, max_size=5)
LEAVES = st.one_of(st.integers(), st.text(max_size=3), st.booleans(), st.just({}), st.none())
TREES = st.recursive(
    st.dictionaries(NAMES, LEAVES, min_size=1, max_size=4),
    lambda inner: st.dictionaries(NAMES, st.one_of(LEAVES, inner), min_size=1, max_size=3),
    max_leaves=12,
)


class TestFlatten:
    """Nested dicts to dotted keys, and back."""

    @quick
    @given(TREES)
    def test_round_trip(self, tree: dict[str, Any]) -> None:
        """Nested dicts come back from their flattened form."""
        assert unflatten(dict(flatten("", tree))) == tree

    @pytest.mark.parametrize("order", [1, -1])
    def test_a_leaf_and_a_branch_of_one_name(self, order: int) -> None:
        """When `a` and `a.b` both hold a value, both come back, whichever comes first."""
        leaves = dict([("a", 1), ("a.b", 2)][::order])
        assert unflatten(leaves) == {"a": {"": 1, "b": 2}}

    def test_leaves_are_not_changed(self) -> None:
        """A leaf that is a dict is not written into."""
        leaf: dict[str, Any] = {}
        assert unflatten({"a": leaf, "a.b": 1}) == {"a": {"": {}, "b": 1}}
        assert leaf == {}

    @pytest.mark.parametrize(
        ("levels", "leaves"),
        [
            (None, {"a-b-c": 1, "a-b-d": 2, "a-e": {}}),
            (0, {"a": {"b": {"c": 1, "d": 2}, "e": {}}}),
            (1, {"a-b": {"c": 1, "d": 2}, "a-e": {}}),
            (2, {"a-b-c": 1, "a-b-d": 2, "a-e": {}}),
        ],
    )
    def test_levels_and_separator(self, levels: int | None, leaves: dict[str, Any]) -> None:
        """As many levels are taken apart as were asked for, with any separator."""
        value = {"b": {"c": 1, "d": 2}, "e": {}}
        assert dict(flatten("a", value, "-", levels)) == leaves

"""What an evaluation has found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..utils.secrets import MASK, mask_secrets
from .rows import Row

if TYPE_CHECKING:
    import pandas as pd

_PARTS = ("value", "rationale", "error_message")
Scores = dict[str, dict[str, Any]]
"""What each scorer says of one row: its value, rationale and error message."""


@dataclass(frozen=True)
class EvaluationResult:
    """What ``MLflowEvaluation`` loads; the attributes are named as those of MLflow's result.

    Attributes:
        metrics: MLflow's metrics, such as ``correctness/mean``.
        result_df: A row for each evaluated one: ``inputs``, ``outputs``, ``expectations``, and of
            each scorer ``<name>/value``, ``<name>/rationale`` and ``<name>/error_message``, and
            the id of the row's trace.
    """

    metrics: dict[str, float]
    result_df: pd.DataFrame


@dataclass(frozen=True)
class Evaluated:
    """What the process of an evaluation returns.

    Attributes:
        metrics: See :class:`EvaluationResult`.
        scores: What the scorers say of each row.
        trace_ids: The id of each row's trace; "" if it has none.
        traces: The folders with the rows' traces.
        error: Why nothing could be evaluated; "" if it could.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    scores: Sequence[Scores] = ()
    trace_ids: Sequence[str] = ()
    traces: Sequence[Path] = ()
    error: str = ""

    def table(self, rows: Sequence[Row]) -> pd.DataFrame:
        """Return the table of results."""
        import pandas as pd

        names = dict.fromkeys(name for row in self.scores for name in row)
        found = [
            {
                **{key: row[key] for key in ("inputs", "outputs", "expectations") if key in row},
                **_columns(self.scores[number] if self.scores else {}, names),
                **({"trace_id": self.trace_ids[number]} if self.trace_ids else {}),
            }
            for number, row in enumerate(rows)
        ]
        table = pd.DataFrame(found)
        # A column for errors only where there are any, so that the table is readable.
        empty = [name for name in table if "/" in name and table[name].isna().all()]
        return table.drop(columns=[name for name in empty if not name.endswith("/value")])

    def failures(self) -> dict[str, list[str]]:
        """Return the errors of each scorer that has failed, one for each row that it failed on."""
        errors: dict[str, list[str]] = {}
        for row in self.scores:
            for name, parts in row.items():
                if parts.get("error_message"):
                    errors.setdefault(name, []).append(_first_line(parts["error_message"]))
        return errors


def _columns(scores: Scores, names: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{name}/{part}": scores.get(name, {}).get(part) for name in names for part in _PARTS}


def _first_line(text: str) -> str:
    return next(iter(text.strip().splitlines()), "")[:300]


def masked(text: str, secrets: Sequence[str]) -> str:
    """Replace secrets in a text, known ones and what looks like one.

    Example:
        >>> masked("no such key: sk-12345", ["sk-12345"])
        'no such key: ***'
    """
    for secret in secrets:
        text = text.replace(secret, MASK)
    return mask_secrets(text)

"""What became of the kills."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

RUNNERS = ("SequentialRunner", "ThreadRunner", "ParallelRunner")


@dataclass
class Tally:
    """What became of the kills.

    Attributes:
        rows: One for each kill: runner, twist, moment, what was noted, how the run ended.
        faults: What was wrong, in words.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def table(self) -> str:
        """A line for each runner, and one for all."""
        lines = [f"{'runner':<17} kills  before  KILLED  FINISHED  noted in all  missing  twice"]
        for runner in (*RUNNERS, "all"):
            rows = [row for row in self.rows if runner in (row["runner"], "all")]
            states = Counter(row["state"] for row in rows)
            lines.append(
                f"{runner:<17} {len(rows):>5}  {states['none']:>6}  {states['KILLED']:>6}"
                f"  {states['FINISHED']:>8}  {sum(row['noted'] for row in rows):>12}"
                f"  {sum(row['missing'] for row in rows):>7}"
                f"  {sum(row['twice'] for row in rows):>5}"
            )
        return "\n".join(lines)

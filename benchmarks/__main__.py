"""``python -m benchmarks``: measure, and write the results."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from . import (
    b1_commands,
    b2_short_run,
    b3_many_values,
    b4_large_artifacts,
    b5_growth,
    b6_runners,
    b7_generating,
    b8_gantt,
    b9_backlog,
    b10_large_graph,
    b11_secrets,
    b12_run_history,
    b13_llm_calls,
    b14_training,
    report,
)
from .bench import ROOT, Bench

WORKLOADS = {
    module.NAME.lower(): module
    for module in (
        b1_commands,
        b2_short_run,
        b3_many_values,
        b4_large_artifacts,
        b5_growth,
        b6_runners,
        b7_generating,
        b8_gantt,
        b9_backlog,
        b10_large_graph,
        b11_secrets,
        b12_run_history,
        b13_llm_calls,
        b14_training,
    )
}


def main() -> None:
    """Measure what is asked for."""
    words = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    words.add_argument(
        "--only", default=",".join(WORKLOADS), help="for example b1,b3; nothing: draw the picture"
    )
    words.add_argument("--quick", action="store_true", help="measure little; writes no results")
    words.add_argument("--cache", type=Path, default=ROOT / ".bench", help="peers' environments")
    given = words.parse_args()
    names = [name for name in given.only.lower().split(",") if name]
    results = ROOT / "benchmarks" / "results"
    begin = time.monotonic()
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Path(folder), given.cache.resolve(), quick=given.quick)
        for name in names:
            at = time.monotonic()
            try:
                outcome = WORKLOADS[name].run(bench)
            except RuntimeError as error:  # the others can be measured all the same
                failed.append(name)
                print(f"{name} failed: {error}", file=sys.stderr, flush=True)
                continue
            if not given.quick:  # at once: what fails later must not take it along
                report.write([outcome], results)
            print(f"\n## {outcome.name}: {outcome.title}\n")
            print(report.table({outcome.name: outcome.checks}), end="\n\n")
            print(report.details(outcome.samples.medians(), outcome.notes), end="\n\n")
            print(f"({name}: {time.monotonic() - at:.0f} s)", flush=True)
    print(f"All: {time.monotonic() - begin:.0f} s")
    if not given.quick:
        report.draw(results)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()

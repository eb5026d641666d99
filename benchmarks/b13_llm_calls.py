"""B13: a node that makes 10,000 traced calls, as of a language model, each of about 2 kB."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from .bench import Bench
from .measure import Check, Outcome, alternate
from .projects import IMPORT, NODES_BEGIN, OURS

NAME = "B13"
TITLE = (
    "10,000 traced calls of 2 kB in one node, in the pipeline's trace and in one of MLflow's own"
)
MORE_MS = 2.0
MORE_MB = 50.0

_NODES = """
import mlflow

OWN = {own}
if OWN:
    mlflow.set_tracking_uri(f"sqlite:///{{Path(__file__).parents[2] / 'mlflow.db'}}")

@mlflow.trace(span_type="CHAT_MODEL")
def call(question):
    span = mlflow.get_current_active_span()
    span.set_attribute("mlflow.chat.tokenUsage", {{"input_tokens": 200, "output_tokens": 200}})
    return question[::-1]

def calls():
    for number in range({calls}):
        call(f"{{number}} " + "word " * 200)

def ask():
    begin = time.time()
    if OWN:
        with mlflow.start_span("pipeline"):
            calls()
        mlflow.flush_trace_async_logging()
    else:
        calls()
    note(begin)
    return 1

def create_pipeline(**_):
    return pipeline([node(ask, None, "asked", name="ask")])
"""


@dataclass(frozen=True)
class Calls:
    """A pipeline of one node that makes calls.

    Attributes:
        calls: How many.
    """

    calls: int

    def module(self, imports: str) -> str:
        """The module with the node; without the plugin MLflow traces the calls itself."""
        own = bool(imports)
        return NODES_BEGIN.format(imports=imports) + _NODES.format(own=own, calls=self.calls)

    def parameters(self) -> dict[str, Any]:
        """No parameters."""
        return {}

    def catalog(self, _: str) -> dict[str, Any]:
        """No datasets."""
        return {}

    def files(self) -> dict[str, bytes]:
        """No files."""
        return {}


def run(bench: Bench) -> Outcome:
    """Measure it."""
    outcome = Outcome(NAME, TITLE)
    samples = outcome.samples
    few, many = bench.choose(1000, 100), bench.choose(10_000, 500)
    calls = {
        _named(size, variant): partial(project.run, *words)
        for size in (few, many)
        for variant, words in ((IMPORT, ()), (OURS, ("--params", "mlflow.trace=true")))
        for project in bench.projects(Calls(size), variant).values()
    }
    alternate(samples, calls, bench.choose(2, 1))

    def a_call(variant: str) -> float:
        """Milliseconds of CPU, of the least of all runs."""
        cpu = [samples.least_cpu(_named(size, variant)) for size in (few, many)]
        return 1000 * (cpu[1] - cpu[0]) / (many - few)

    more = a_call(OURS) - a_call(IMPORT)
    outcome.checks.append(Check("CPU a call, more than MLflow's own", more, MORE_MS, "ms"))
    grown = samples.peak_mb(_named(many, OURS)) - samples.peak_mb(_named(few, OURS))
    what = f"memory more than for {few:,} calls"
    outcome.checks.append(Check(what, grown, MORE_MB, "MB"))
    own = samples.peak_mb(_named(many, IMPORT)) - samples.peak_mb(_named(few, IMPORT))
    outcome.notes.append(
        f"A call costs {a_call(OURS):.2f} ms of CPU with delivery; {a_call(IMPORT):.2f} ms by "
        f"MLflow's own tracing, which keeps a trace until it ends: {own:.0f} MB more for {many:,}"
    )
    return outcome


def _named(size: int, variant: str) -> str:
    return f"{size:,} calls, {variant}"

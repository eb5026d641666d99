"""``Rerun``: repeats a run step by step, and says what it does."""

from __future__ import annotations

import contextlib
import secrets
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..comparing import code_changes
from ..comparing.chosen_nodes import SHARED
from ..comparing.comparison import compare
from ..comparing.current_facts import facts_now, with_configuration
from ..comparing.plain_text import run_line
from ..comparing.reading import facts_of
from ..comparing.run_facts import RunFacts
from ..config.sections import RUNTIME_SECTION
from ..errors import MLflowOnKedroError
from ..runs.kedro_command import pairs
from ..utils.printable import one_line, printable
from ..utils.secrets import mask_secrets
from . import metric_checks, passed_parameters, recorded_command, report, virtual_environment
from .child_process import KedroRun
from .new_run import find_new_run
from .virtual_environment import Requirements
from .worktree import Worktree

if TYPE_CHECKING:
    from ..tracking.finding import Runs

_OF_THE_SWEEP = ("--from-nodes", "--nodes")
"""The options with which a combination of a sweep leaves out the nodes that ran once."""


@dataclass
class Rerun:
    """Repeats a run.

    Args:
        runs: The runs of the project.
        facts: The facts of the run.
        root: The project's root.
        checks: The texts of the option ``--check``.
        use_worktree: Whether the run's code is used.
        use_environment: Whether the run's packages are used.
        keep: Whether the worktree is kept.
        has_uri: Whether ``runs`` are in another store than mlflow.yml says; the new run goes there.
        env_prefix: What the names of logged environment variables begin with.
        say: Prints a line.
    """

    runs: Runs
    facts: RunFacts
    root: Path
    checks: Sequence[str]
    use_worktree: bool
    use_environment: bool
    keep: bool
    has_uri: bool
    env_prefix: str
    say: Callable[[str], None]

    def run(self, *, dry_run: bool) -> int:
        """Do it.

        Args:
            dry_run: Only say what would be done.

        Returns:
            The exit status: 1 if the pipeline failed or a check did.

        Raises:
            MLflowOnKedroError: The run cannot be repeated.
        """
        checks = [metric_checks.parse(text, self.facts.metrics) for text in self.checks]
        command = recorded_command.parse(self.facts.command, self.root)
        options = _OF_THE_SWEEP if is_combination(self.facts) else ()
        left_out = [option for option in options if command.has(option)]
        for option in left_out:
            command = command.without(option)
        wanted = self._requirements() if self.use_environment else None
        self.say(f"Run to repeat: {run_line(self.facts)}")
        self.say(f"Its command: {one_line(self.facts.command)}")
        if left_out:
            self.say(
                "It is a combination of a sweep, whose first nodes ran once for all: the whole "
                f"pipeline is run, without {' and '.join(left_out)}."
            )
        token = secrets.token_hex(8)
        with self._place(dry_run=dry_run, token=token) as (root, worktree):
            lost = worktree.lost_code(self.facts) if worktree is not None else []
            now = self._now(root, command, lost)
            changes = code_changes.read(self.root, self.facts.code, now.code)
            self._say_all(report.differences(compare(self.facts, now, changes)))
            passed = passed_parameters.to_pass(
                self.facts.parameters_whole, now.parameters_whole, command.params
            )
            self._say_all(report.parameters(self.facts, passed, command))
            shown = dict(passed.values)
            if self.use_worktree and self.facts.code is not None and self.facts.code.is_masked:
                # There `***` may stand in their place.
                present = self._loader(self.root, command)["parameters"]
                passed.add_present_values(present)
            if worktree is not None:
                self._say_all(report.worktree(self.facts, worktree))
            if lost:
                raise MLflowOnKedroError(report.lost_code(lost))
            if dry_run:
                self._say_dry(command.options, shown, wanted)
                return 0
            python = self._python(wanted)
            params = passed.values
            if worktree is not None or self.has_uri:
                # In the worktree a relative address would be another place.
                params = {**params, RUNTIME_SECTION: {"tracking": {"uri": self.runs.uri}}}
            start = round(time.time() * 1000)
            started = KedroRun(root, command.options, params, python, self.facts.run_id, token)
            status = started.start()
            self.keep = self.keep or status != 0
        return self._end(status, token, start, checks)

    @contextlib.contextmanager
    def _place(self, *, dry_run: bool, token: str) -> Iterator[tuple[Path, Worktree | None]]:
        if not self.use_worktree:
            yield self.root, None
            return
        name = f"{self.facts.run_id[:8]}-{token[:6]}"
        worktree = Worktree.create(self.root, self.facts, name)
        try:
            yield worktree.root, worktree
        finally:
            if not dry_run and (self.keep or worktree.has_pending()):
                self.say(
                    f"The worktree is kept: {worktree.root}\n"
                    f"`git worktree remove --force {shlex.quote(str(worktree.top))}` removes it."
                )
            else:
                worktree.remove()

    # -- before the run -------------------------------------------------------------------------

    def _now(
        self, root: Path, command: recorded_command.RecordedCommand, lost: Sequence[str]
    ) -> RunFacts:
        """Return the facts of what will be run, as far as they are known."""
        facts = facts_now(root, self.facts, self.env_prefix)
        code = self.facts.code
        if self.use_worktree:
            kept = [name for name in code.untracked if name not in lost] if code else []
            facts = replace(facts, code=replace(code, untracked=kept) if code else None)
        if self.use_environment:
            facts = replace(facts, packages=self.facts.packages)
        try:
            return with_configuration(facts, self._loader(root, command), self.root)
        except Exception as error:  # of the configuration of another commit
            self.say(
                "The configuration cannot be read, so all recorded parameters are passed: "
                f"{mask_secrets(one_line(str(error), 200))}"
            )
            return facts

    def _say_all(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.say(line)

    def _loader(self, root: Path, command: recorded_command.RecordedCommand) -> Any:
        """Return the configuration that the command has in the project or in the worktree."""
        from kedro.framework.project import settings
        from kedro.framework.session import KedroSession

        with KedroSession.create(
            project_path=self.root,
            env=command.env,
            conf_source=str(root / (command.conf_source or settings.CONF_SOURCE)),
            runtime_params=dict(command.params),
        ) as session:
            context: Any = session.load_context()  # type: ignore[attr-defined]
            return context.config_loader

    def _requirements(self) -> Requirements:
        environment = self.facts.environment or {}
        version = str(environment.get("python.version") or "")
        return virtual_environment.read(self.facts.packages, version)

    def _python(self, wanted: Requirements | None) -> Path:
        if wanted is None:
            return Path(sys.executable)
        self.say(
            f"Virtual environment: {len(wanted.lines)} packages, Python {wanted.python or '?'}"
        )
        if wanted.local:
            local = report.names(wanted.local)
            self.say(f"  left out, because they came from local folders: {local}")
        if virtual_environment.has_other_python(wanted):
            self.say(
                f"  it has Python {sys.version_info[0]}.{sys.version_info[1]}: install uv "
                "(https://docs.astral.sh/uv) to get the recorded one"
            )
        return virtual_environment.create(self.root, wanted)

    def _say_dry(
        self, options: Sequence[str], params: Mapping[str, Any], wanted: Requirements | None
    ) -> None:
        if wanted is not None:
            self.say(f"Packages that would be installed, for Python {wanted.python or '?'}:")
            for line in wanted.lines:
                self.say(f"  {line}")
        if self.use_worktree and self.facts.code is not None and self.facts.code.diff:
            self.say("Recorded changes that would be applied:")
            self.say(printable(self.facts.code.diff))
        if params:
            options = [*options, f"--params={pairs(params)}"]
        self.say(f"Nothing was run. It would be: {shlex.join(['kedro', 'run', *options])}")

    # -- after the run --------------------------------------------------------------------------

    def _end(
        self, status: int, token: str, start: int, checks: Sequence[metric_checks.MetricCheck]
    ) -> int:
        experiments = [self.facts.experiment_id]
        new = find_new_run(self.runs, experiments, self.facts, token, start)
        if new is None:
            self.say(
                "`kedro run` has failed, and made no run in MLflow; what it has printed is above."
                if status
                else "The new run is not in MLflow yet, so it cannot be compared: `kedro mlflow "
                "status` shows what waits."
            )
            return 1 if status or checks else 0
        facts = facts_of(self.runs, new, self.env_prefix)
        unchanged = replace(facts, code=self.facts.code)
        found = compare(self.facts, unchanged, code_changes.CodeChanges(files={}))
        self.say(f"\nNew run: {run_line(facts)}")
        self._say_all(report.metrics(found))
        failures = [
            text
            for check in checks
            if (
                text := check.failure(
                    self.facts.metrics[check.metric], facts.metrics.get(check.metric)
                )
            )
        ]
        for text in failures:
            self.say(f"Check failed: {text}")
        return 1 if status or failures else 0


def is_combination(facts: RunFacts) -> bool:
    """Whether a run is a combination of a sweep, and not that of the nodes that ran once."""
    return facts.combination not in {"", SHARED}

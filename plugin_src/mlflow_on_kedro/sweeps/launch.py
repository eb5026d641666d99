"""Begin a sweep, or go on with one: its folder, its run in MLflow, and its combinations."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..config.sections import Config
from ..delivery import backlog
from ..inputs.fingerprints import sha256
from ..runs.kedro_command import pairs
from ..tracking.finding import COMMAND_TAG, SWEEP_TAG
from ..tracking.group_lookup import PIPELINE_TAG
from ..tracking.store import run_url
from ..tracking.uris import resolve_uri
from ..utils.secrets import mask_secrets
from . import lines
from .parent_run import SweepRun
from .plan import Plan
from .report import Outcome
from .request import Request
from .space import text
from .sweep import Sweep, check_metric, new_search
from .sweep_folder import SweepFolder


@dataclass(frozen=True)
class Done:
    """A sweep that has ended.

    Attributes:
        sweep: Its id.
        run_id: Its run in MLflow.
        outcome: What has come of it.
        was_interrupted: Whether the user has ended it.
    """

    sweep: str
    run_id: str
    outcome: Outcome
    was_interrupted: bool = False


def run_sweep(
    request: Request,
    plan: Plan,
    config: Config,
    package: str,
    words: Sequence[str],
    show: Callable[[str], Any],
) -> Done:
    """Run a sweep to its end.

    Args:
        request: What the user has asked for.
        plan: What to do.
        config: The whole configuration.
        package: The project's package.
        words: The words of the command, after ``kedro``.
        show: Prints a line.

    Raises:
        MLflowOnKedroError: It could not begin, or the nodes that all combinations need have failed.
    """
    new_search(plan, {})  # what it refuses is known before there is a run
    folder = request.folder or SweepFolder.create(request.root, request.name)
    with contextlib.ExitStack() as at_end:
        at_end.callback(folder.remove_unused)
        at_end.enter_context(folder.held())
        if request.folder is not None:
            check_metric(folder.finished().values(), plan.metric)
            _end_killed_runs(request, config)
        given = command_text(words, request.fixed)
        command = folder.spec["command"] if request.folder is not None else given
        run = _open_parent(request, plan, config, package, folder, command)
        run_id, uri = run.opened.run_id, run.lifecycle.uri
        folder.write_spec(_spec_of(request, plan, command, run_id))
        if request.folder is None:
            folder.remove_finished()
        show(f"Sweep {folder.id}, MLflow run '{run.opened.name}' ({run_id})")
        sweep = Sweep(
            plan.for_run(folder, run_id),
            folder,
            run,
            lambda result, total, best: show(lines.of_result(result, total, plan.goal, best)),
        )
        try:
            outcome = sweep.run()
        except KeyboardInterrupt:
            outcome = sweep.outcome
            show(
                f"Interrupted: {len(outcome.results)} of {outcome.total} combinations have ended. "
                "To go on: kedro mlflow sweep --resume"
            )
            return Done(folder.id, run_id, outcome, was_interrupted=True)
        if not outcome.failed:
            folder.note_finished()
    for line in lines.of_outcome(outcome, plan, folder):
        show(line)
    url = run_url(uri, run.opened.experiment_id, run_id)
    ui = f"kedro mlflow ui{f' --env {request.env}' if request.env else ''}"
    show(f"To see it: {url or ui}")
    return Done(folder.id, run_id, outcome)


def command_text(words: Sequence[str], fixed: Mapping[str, Any]) -> str:
    r"""Write the command of a sweep; secrets are masked, those of ``--params`` by their names.

    Args:
        words: The words of the command, after ``kedro``.
        fixed: The parameters that the option ``--params`` gives.

    Example:
        >>> command_text(["sweep", "--params", "db.pwd=it's me"], {"db": {"pwd": "it's me"}})
        'kedro sweep --params \'db.pwd="***"\''
    """
    shown = ["kedro"]
    for before, word in zip(["", *words], words, strict=False):
        option = "--params=" if word.startswith("--params=") else ""
        is_value = bool(option) or before == "--params"
        shown.append(f"{option}{pairs(fixed)}" if is_value else mask_secrets(word))
    return shlex.join(shown)


def _end_killed_runs(request: Request, config: Config) -> None:
    """Deliver what killed processes have left, and end their runs as KILLED.

    Otherwise that of the sweep would be ended while it goes on.
    """
    uri = resolve_uri(config.tracking.uri, request.root)
    for _ in backlog.deliver_backlog(request.root, uri, skip=""):
        pass


def _open_parent(
    request: Request, plan: Plan, config: Config, package: str, folder: SweepFolder, command: str
) -> SweepRun:
    name = f"sweep {request.name}" if request.name else f"sweep of {', '.join(plan.space)}"
    pipeline = plan.setup.pipeline
    run = SweepRun.open(
        config,
        request.root,
        package,
        name=name,
        sweep=folder.id,
        tags={SWEEP_TAG: folder.id, COMMAND_TAG: command, PIPELINE_TAG: pipeline},
        run_id=request.run_id,
    )
    for parameter, given in plan.entry.params.items():
        run.log_param(f"sweep.{parameter}", given if isinstance(given, str) else text(given))
    run.describe(lines.description(plan, Outcome()))
    return run


def _spec_of(request: Request, plan: Plan, command: str, run_id: str) -> dict[str, Any]:
    """Return what the sweep's folder keeps, so that the sweep can go on."""
    return {
        "name": request.name,
        "command": command,
        "run_id": run_id,
        "entry": asdict(plan.entry),
        "env": request.env,
        "conf_source": request.conf_source,
        "params": dict(request.fixed),
        "parameters": sha256(plan.parameters),
    }

"""What the user has asked for: by options, in mlflow.yml, or when an earlier sweep was begun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..config.sections import Config
from ..config.sweep_entries import SweepEntry, check_sweep, sweep_entry
from ..errors import ConfigError
from ..inputs.fingerprints import sha256
from .combination import Setup
from .plan import Plan, make_plan, metric_name
from .space import parse_option
from .sweep_folder import SweepFolder

_CHANGED_BY_RESUME = frozenset({"optimize", "minimize", "over", "jobs"})


@dataclass(frozen=True)
class Request:
    """What the user has asked for.

    Attributes:
        root: The project's root.
        name: The sweep's name in mlflow.yml.
        params: The values of the option ``--param``.
        options: The other options that an entry of ``sweep`` has, too, if they are given.
        fixed: Parameters that are the same in all combinations.
        env: The Kedro environment.
        conf_source: The folder or archive with the configuration.
        folder: The folder of the sweep that goes on; None: a new one begins.
    """

    root: Path
    name: str | None = None
    params: Sequence[str] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    env: str | None = None
    conf_source: str | None = None
    folder: SweepFolder | None = None

    def resumed(self) -> Request:
        """Return the request of the last sweep, to go on with it.

        Raises:
            ConfigError: There is none, or the options describe another one.
        """
        others = self.options.keys() - _CHANGED_BY_RESUME
        if self.params or self.fixed or self.env or self.conf_source or others:
            raise ConfigError(
                "--resume goes on with the last sweep as it was begun: give no other options than "
                "--jobs, --optimize, --minimize, --maximize, --over and --json."
            )
        folder = SweepFolder.last(self.root, self.name)
        spec = folder.spec
        return replace(
            self,
            name=spec["name"],
            fixed=spec["params"],
            env=spec["env"],
            conf_source=spec["conf_source"],
            folder=folder,
        )

    @property
    def run_id(self) -> str | None:
        """The run of the sweep that goes on."""
        return self.folder.spec["run_id"] if self.folder is not None else None

    def entry(self, config: Config) -> tuple[SweepEntry, str]:
        """Return what is to be done, and what to call the place of its parameters in messages.

        Raises:
            ConfigError: Nothing is to be done, or something is wrong.
        """
        given: dict[str, Any] = {}
        for option in self.params:
            name, _ = parse_option(option)
            if name in given:
                raise ConfigError(
                    f"--param gives '{name}' twice: write all its values with commas between them."
                )
            given[name] = option.partition("=")[2]
        where = "--param"
        if self.folder is not None:
            entry = check_sweep(self.name or "sweep", self.folder.spec["entry"], "sweep.json")
        elif self.name is not None:
            entry = sweep_entry(config, self.name)
            entry = replace(entry, params={**entry.params, **given})
            where = f"mlflow.yml: 'sweep.{self.name}.params':"
        elif given:
            entry = check_sweep("sweep", {"params": given}, "the command")
        else:
            known = ", ".join(config.sweep)
            names = f", or give the name of a sweep in mlflow.yml: {known}" if known else ""
            raise ConfigError(
                "Say which parameters to change, as in kedro mlflow sweep --param "
                f'"model.C=0.01,0.1,1"{names}. `kedro mlflow sweep --help` has more.'
            )
        return self._with_options(entry), where

    def _with_options(self, entry: SweepEntry) -> SweepEntry:
        """Return an entry with the options; what it says of its metric is not said of another."""
        metric = self.options.get("optimize")
        is_other = metric is not None and metric_name(metric) != metric_name(entry.optimize)
        unsaid: dict[str, Any] = {"minimize": False, "over": []} if is_other else {}
        return replace(entry, **{**unsaid, **self.options})

    def plan(self, config: Config) -> Plan:
        """Plan the sweep.

        Raises:
            ConfigError: Something does not fit the project, or it has changed since the sweep that
                goes on was begun.
        """
        entry, where = self.entry(config)
        setup = Setup(
            self.root,
            sweep="",
            folder=self.root,
            parent="",
            pipeline=entry.pipeline,
            tags=tuple(entry.tags),
            runner=entry.runner,
            params=self.fixed,
            env=self.env,
            conf_source=self.conf_source,
        )
        plan = make_plan(entry, setup, where)
        if self.folder is not None and self.folder.spec["parameters"] != sha256(plan.parameters):
            raise ConfigError(
                f"The project's parameters have changed since the sweep {self.folder.id} was "
                "begun, so its combinations could not be compared with new ones: begin a new sweep."
            )
        return plan


def runtime_params(text: str) -> dict[str, Any]:
    """Parse the option ``--params`` as ``kedro run`` does.

    Raises:
        ConfigError: A parameter has no value.

    Example:
        >>> runtime_params("model.max_iter=500,split.random_seed=3")
        {'model': {'max_iter': 500}, 'split': {'random_seed': 3}}
    """
    if not text.strip():
        return {}
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    items = [item.strip() for item in text.split(",")]
    wrong = next((item for item in items if "=" not in item), None)
    if wrong is not None:
        raise ConfigError(
            f"--params: '{wrong}' has no value: write name=value, with commas between."
        )
    try:
        found = OmegaConf.to_container(OmegaConf.from_dotlist(items))
    except (YAMLError, ValueError, OmegaConfBaseException) as error:
        raise ConfigError(f"--params cannot be read: {' '.join(str(error).split())}") from None
    return dict(found) if isinstance(found, dict) else {}  # type: ignore[arg-type]

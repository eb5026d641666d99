"""A sweep: a pipeline run once for each combination, below one run in MLflow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..errors import ConfigError, MLflowOnKedroError
from ..utils.suggestions import did_you_mean
from . import chart, lines, ranking, report
from .combination import SHARED, Combination, Result
from .parent_run import CHART, SweepRun
from .plan import Plan
from .pool import Pool
from .ranking import Group
from .report import Outcome
from .search import GridSearch, OptunaSearch, Search
from .space import label
from .sweep_folder import SweepFolder


class Sweep:
    """Runs the combinations of a plan.

    Args:
        plan: What to do, with the folder and the run.
        folder: The sweep's folder, which may have results of earlier.
        run: The sweep's run in MLflow.
        show: Is called with each result as it ends, how many there are in all, and the best group
            so far if it belongs to that; of combinations that are compared alone, each is a group.
    """

    def __init__(
        self,
        plan: Plan,
        folder: SweepFolder,
        run: SweepRun,
        show: Callable[[Result, int, Group | None], None],
    ) -> None:
        self._plan = plan
        self._folder = folder
        self._run = run
        self._show = show
        # Those that failed run again, and a result of this process replaces the earlier one.
        self._results = folder.finished()
        done = {int(key): one for key, one in self._results.items() if key != SHARED}
        self._search = new_search(plan, done)
        self.outcome = Outcome(total=self._search.total)
        self._update()

    def run(self) -> Outcome:
        """Run all combinations that have not finished yet.

        Returns:
            The outcome. It is in the run, too, which has ended.

        Raises:
            MLflowOnKedroError: The shared nodes have failed, or the runs do not have the metric.
        """
        status = "FAILED"
        try:
            with Pool(self._plan.setup, self._plan.entry.jobs) as pool:
                self._run_shared(pool)
                pool.run(self._ask, self._tell)
            status = "FAILED" if self.outcome.failed else "FINISHED"
            self._log_best()
        except (KeyboardInterrupt, SystemExit):
            status = "KILLED"
            raise
        except MLflowOnKedroError as error:
            self._run.set_tag("error", error.message)
            raise
        finally:
            self._log()
            self._run.end(status)
        return self.outcome

    def _run_shared(self, pool: Pool) -> None:
        shared = self._plan.shared
        if shared is None or SHARED in self._results:
            return
        pool.run(iter([shared, None]).__next__, self._tell)
        failed = self._results[SHARED]
        if not failed.is_finished:
            raise MLflowOnKedroError(
                f"The nodes that do not depend on the sweep's parameters have failed, and all "
                f"combinations need them: {failed.error} The whole log is in "
                f"{self._folder.log_file(SHARED)}."
            )

    def _ask(self) -> Combination | None:
        found = self._search.ask()
        return self._plan.combination(*found) if found is not None else None

    def _tell(self, result: Result) -> None:
        self._folder.add(result)
        self._results[result.key] = result
        if result.key != SHARED:
            self._search.tell(int(result.key), ranking.score(result, self._plan.metric))
            self._update()
        best = self.outcome.ranking.best
        belongs = best is not None and any(one is result for one in best.results)
        self._show(result, self.outcome.total, best if belongs else None)
        check_metric([result], self._plan.metric)

    def _update(self) -> None:
        results = [one for key, one in sorted(self._results.items()) if key != SHARED]
        self.outcome.results = results
        self.outcome.ranking = ranking.rank(results, self._plan.goal)

    def _log_best(self) -> None:
        best = self.outcome.ranking.best
        if best is None:
            return
        metrics = dict(best.metrics)
        if best.spread is not None:
            metrics[f"{self._plan.metric}.standard_deviation"] = best.spread
        means = dict.fromkeys(self._plan.entry.over, "mean")
        self._run.log_best({**means, **best.values}, metrics)
        self._run.set_tag("best.run_id", ", ".join(one.run_id or "" for one in best.results))
        self._run.set_tag("best.combination", label(best.values))

    def _log(self) -> None:
        results, names = self.outcome.results, list(self._plan.space)
        if not results:
            return
        metric, minimize = self._plan.metric, self._plan.entry.minimize
        self._run.log_table(report.table(results, names, metric))
        title = f"{len(results)} combinations of {', '.join(names)}"
        best = self.outcome.ranking.best
        keys = [one.key for one in best.results] if best is not None else []
        page = chart.page(results, names, title=title, metric=metric, minimize=minimize, best=keys)
        self._run.log_page(page, CHART)
        self._run.describe(lines.description(self._plan, self.outcome))
        if self.outcome.failed:
            count = f"{self.outcome.failed} of {len(results)}"
            self._run.set_tag("error", f"{count} combinations failed")


def check_metric(results: Iterable[Result], metric: str | None) -> None:
    """Check that one of the combinations has the metric by which they are compared.

    Args:
        results: Results of combinations; what has failed or has unknown metrics does not count.
        metric: The metric's name; None: they are not compared.

    Raises:
        ConfigError: There are such results, and none has it.
    """
    known = [
        (one.name, one.metrics)
        for one in results
        if one.is_finished and one.key != SHARED and one.metrics is not None
    ]
    if metric is None or not known or any(metric in metrics for _, metrics in known):
        return
    name, metrics = known[0]
    raise ConfigError(
        f"The run '{name}' has no metric '{metric}'.{did_you_mean(metric, metrics)} It has: "
        f"{', '.join(sorted(metrics)) or 'none'}. Go on with: kedro mlflow sweep --resume "
        "--optimize metrics.NAME"
    )


def new_search(plan: Plan, done: Mapping[int, Result]) -> Search:
    """Make what chooses the combinations.

    Args:
        plan: What to do.
        done: The results of combinations that have finished before, by their numbers.

    Raises:
        ConfigError: The space has no grid, or Optuna is needed and missing.
    """
    entry = plan.entry
    if entry.trials is None:
        return GridSearch(plan.space, done)
    return OptunaSearch(
        plan.space,
        entry.trials,
        sampler=entry.sampler,
        seed=entry.seed,
        minimize=entry.minimize,
        done=done,
        score=lambda result: ranking.score(result, plan.metric),
    )

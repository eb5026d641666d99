"""What is another name, or other, by design: see "Names in MLflow" of the pages in ``docs/``."""

from __future__ import annotations

from .compare import Difference, any_value, number_as_param

TO_REPEAT = Difference(
    None,
    r"artifact kedro/(parameters\.yml|catalog\.yml|pipeline\.(json|svg)|requirements\.txt|"
    r"environment\.json)",
    "what it takes to repeat the run",
)
OURS_ALONE = (
    Difference(None, r"metric system/time/.*", "durations of nodes and of the run"),
    Difference(None, r"artifact gantt\.html", "the Gantt chart"),
    Difference(None, r"artifact kedro/timeline\.json", "what the chart is drawn from"),
    TO_REPEAT,
)
KEDRO_MLFLOW: tuple[Difference, ...] = OURS_ALONE
LOCAL_MODEL = Difference(None, "model model", "a model that a run saves is logged, too")

_PIPELINEX_ALWAYS = (
    Difference(r"(param|metric) __time_(begin|end)", None, "tags, so that runs can be continued"),
    Difference(r"metric __time", "metric system/time/pipeline", "a system metric", any_value),
    Difference(r"artifact _gantt\.html", "artifact gantt.html", "the chart", any_value),
    Difference(None, r"artifact kedro/timeline\.json", "durations of loads and saves"),
)
PIPELINEX = (
    *_PIPELINEX_ALWAYS,
    Difference(
        r"metric _time_to_run (\w+) -- .*",
        r"metric system/time/\1",
        "nodes have names, and the MLflow UI shows system metrics in a tab of their own",
        any_value,
    ),
    Difference(
        r"metric params\.\.(.*)",
        r"param \1",
        "Kedro's parameters are parameters in MLflow, under the name that the user gave",
        number_as_param,
    ),
    Difference(r"param params\.\.(.*)", r"param \1", "the name that the user gave"),
)
PIPELINEX_OLD_NAMES = (
    *_PIPELINEX_ALWAYS,
    Difference(r"(metric _time_to_run .*)", r"\1", "a duration", any_value),
    Difference(
        r"metric params\.\.(.*\.fit_intercept)",
        r"param \1",
        "a bool is no number",
        number_as_param,
    ),
    Difference(r"(metric|param) params\.\.(.*)", r"\1 \2", "the name that the user gave"),
)

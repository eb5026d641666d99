"""The options that several commands have, with one meaning and one help text."""

from __future__ import annotations

from pathlib import Path

import click

env_option = click.option(
    "--env", "-e", default=None, help="The Kedro environment whose mlflow.yml is read."
)
uri_option = click.option(
    "--uri", default=None, help="Use the MLflow at this tracking URI, not the one in mlflow.yml."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
output_option = click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Write to this file: Kedro's own log goes to the standard output, too.",
)

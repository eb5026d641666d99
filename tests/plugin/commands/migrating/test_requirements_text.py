"""Requirements of a project of kedro-mlflow."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from mlflow_on_kedro.commands.migrating.findings import Rewritten
from mlflow_on_kedro.commands.migrating.requirements_text import in_pyproject, in_requirements

OURS = "mlflow-on-kedro @ git+https://host/x@1"


@pytest.mark.parametrize(
    ("before", "after", "copied"),
    [
        ("kedro\nkedro-mlflow==0.14.0\n", f"kedro\n{OURS}\n", False),
        ("kedro\r\nKedro_MLflow~=1.0  # runs\r\n", f"kedro\r\n{OURS}  # runs\r\n", False),
        ("kedro-mlflow>=1;python_version<'4'", OURS, False),
        (f"kedro-mlflow\n{OURS}\n", f"{OURS}\n", False),
        ("kedro-mlflow\n", "mlflow>=3.1\n", True),
        ("kedro-mlflow # x\nmlflow==3.2\n", "# x\nmlflow==3.2\n", True),
        ("kedro-mlflow @ git+https://h/x@1#egg=kedro-mlflow # y\n", f"{OURS} # y\n", False),
        ("kedro-mlflow==1 \\\n  ; python_version < '4'  # x\na\n", f"{OURS}  # x\na\n", False),
        ("# kedro-mlflow \\\nkedro-mlflow\n", f"# kedro-mlflow \\\n{OURS}\n", False),
        ("kedro-mlflow-extras\n# kedro-mlflow\n", "kedro-mlflow-extras\n# kedro-mlflow\n", False),
    ],
)
def test_requirements_txt(before: str, after: str, copied: bool) -> None:
    """The line becomes this plugin's, or MLflow's where the plugin lies in the project."""
    found = in_requirements(before, None if copied else OURS, copied=copied)
    assert (found.text, found.findings) == (after, [])
    assert in_requirements(found.text, OURS, copied=copied).text == found.text


def test_hashes() -> None:
    """A file that is compiled stays, because pip would refuse a line without a hash."""
    text = (
        "kedro==1.0 \\\n    --hash=sha256:1\nkedro-mlflow==1.0 \\\n    --hash=sha256:2\na==1 \\\n"
    )
    found = in_requirements(text, OURS, copied=False)
    assert found.text == text
    assert found.uses == {"kedro-mlflow"}
    message = (
        "requires kedro-mlflow, and is not rewritten: put what installs mlflow-on-kedro into the "
        "file that this one is compiled from, and compile it again"
    )
    assert found.findings == [(3, message)]


@pytest.mark.parametrize(
    "line",
    [
        "git+https://github.com/Minyus/pipelinex.git",
        "-e git+https://h/kedro-mlflow.git@develop#egg=kedro-mlflow",
        "--editable ../kedro_mlflow",
    ],
)
def test_an_address(line: str) -> None:
    """It stays, and is named until it is replaced."""
    text = f"a # {line}\n-r kedro-mlflow.txt\n{line}\n"
    found = in_requirements(text, OURS, copied=False)
    assert found.text == text
    name = "PipelineX" if "pipelinex" in line else "kedro-mlflow"
    what = "and is not rewritten: put there what installs mlflow-on-kedro"
    assert found.findings == [(3, f"requires {name}, {what}")]
    assert found.uses == {name}


def test_an_unknown_requirement() -> None:
    """A comment says what to add, and it is found again."""
    found = in_requirements("a\nkedro-mlflow>=1,<2  # runs\n", None, copied=False)
    what = (
        "put here what installs mlflow-on-kedro, and remove this comment. It replaces "
        "kedro-mlflow>=1,<2"
    )
    assert found.text == f"a\n# kedro mlflow migrate: {what}\n# runs\n"
    assert found.findings == [(2, what)]
    again = in_requirements(found.text, None, copied=False)
    assert (again.text, again.findings) == (found.text, found.findings)


@pytest.mark.parametrize("edit", [in_requirements, in_pyproject])
def test_a_requirement_of_this_machine(edit: Callable[..., Rewritten]) -> None:
    """It is written, and others cannot install it, which is said."""
    line = "mlflow-on-kedro @ file:///x"
    text = "kedro-mlflow\n" if edit is in_requirements else '["kedro-mlflow>=1"]\n'
    found = edit(text, line, copied=False)
    assert line in found.text
    assert found.findings[0][1].startswith("others cannot install mlflow-on-kedro")
    assert edit(found.text, line, copied=False).findings == found.findings


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('a = ["kedro", "kedro-mlflow~=1.0"]', f'a = ["kedro", "{OURS}"]'),
        ("a = [\n  'kedro-mlflow',  # runs\n]\n", f"a = [\n  '{OURS}',  # runs\n]\n"),
        (
            'a = ["kedro-mlflow"]\nb = ["kedro-mlflow", "x"]\n',
            f'a = ["{OURS}"]\nb = ["{OURS}", "x"]\n',
        ),
        ('# "kedro-mlflow"\n', '# "kedro-mlflow"\n'),
        ("a = [\"kedro-mlflow>1; python_version < '4'\"]", f'a = ["{OURS}"]'),
        ('known-third-party = ["kedro_mlflow"]\n', 'known-third-party = ["kedro_mlflow"]\n'),
        ('known-third-party = ["pipelinex"]\n', 'known-third-party = ["pipelinex"]\n'),
        ('a = ["kedro", "pipelinex"]', f'a = ["kedro", "{OURS}"]'),
        ("a={'x': [\n'kedro[x]',\n'pipelinex']}", f"a={{'x': [\n'kedro[x]',\n'{OURS}']}}"),
        ('a = ["kedro_mlflow"]', f'a = ["{OURS}"]'),
        ('import_module("pipelinex")\n', 'import_module("pipelinex")\n'),
    ],
)
def test_pyproject(before: str, after: str) -> None:
    """The text in the list becomes this plugin's."""
    assert in_pyproject(before, OURS, copied=False).text == after


def test_an_unknown_requirement_of_a_package() -> None:
    """A comment in the list's line says what to add; a copy of the plugin needs none."""
    text = 'a = [\n    "kedro",\n    "kedro-mlflow~=1.0",  # runs\n    "mlflow",\n]\n'
    found = in_pyproject(text, None, copied=False)
    comment = found.text.splitlines()[2]
    assert comment.startswith("    # kedro mlflow migrate: put here what installs mlflow-on-kedro")
    assert comment.endswith(" kedro-mlflow~=1.0")
    assert found.text == text.replace('    "kedro-mlflow~=1.0",  # runs', f"{comment}\n    # runs")
    assert found.findings[0][0] == 3
    assert in_pyproject(found.text, None, copied=False).text == found.text
    one_line = in_pyproject('a = ["kedro", "kedro-mlflow"]  # x\n', None, copied=False)
    assert one_line.text.splitlines()[1] == 'a = ["kedro"]  # x'
    copied = in_pyproject(text.replace("  # runs", ""), None, copied=True)
    assert copied.text == 'a = [\n    "kedro",\n    "mlflow",\n]\n'


def test_poetry() -> None:
    """A key of a table is named only."""
    text = '[tool.poetry.dependencies]\nkedro-mlflow = "^1"\n'
    found = in_pyproject(text, OURS, copied=False)
    assert (found.text, found.findings) == (
        text,
        [(2, "replace kedro-mlflow by what installs mlflow-on-kedro")],
    )

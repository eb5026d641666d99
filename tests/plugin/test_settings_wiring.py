"""Adding the hooks to a project's settings.py."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from mlflow_on_kedro.errors import ConfigError
from mlflow_on_kedro.settings_wiring import wire

IMPORT = "from mlflow_on_kedro import mlflow_hooks\n"


def hooks(text: str) -> tuple[str, ...]:
    """What HOOKS is when such a settings.py is imported; hooks are stood in for by names."""
    stand_ins = {name: lambda name=name: name for name in ("A", "B", "mine")}
    ours = ast.unparse(ast.parse(text)).replace(IMPORT.strip(), "mlflow_hooks = lambda: ('ours',)")
    scope = dict(stand_ins)
    exec(ours, scope)  # noqa: S102 - what it says is above
    return tuple(scope["HOOKS"])


@pytest.mark.parametrize(
    ("text", "wired", "expected"),
    [
        ("", f"{IMPORT}\nHOOKS = mlflow_hooks()\n", ("ours",)),
        (
            '"""Doc."""\nX = 1\n',
            f'"""Doc."""\n\n{IMPORT}\nX = 1\n\nHOOKS = mlflow_hooks()\n',
            ("ours",),
        ),
        (
            '"""Doc."""\n\n# HOOKS = (A(),)\n\nX = 1\n',
            f'"""Doc."""\n\n{IMPORT}\n# HOOKS = (A(),)\nHOOKS = mlflow_hooks()\n\nX = 1\n',
            ("ours",),
        ),
        (
            "import os\n\nHOOKS = (A(), B())\n",
            f"import os\n{IMPORT}\nHOOKS = (*mlflow_hooks(), A(), B())\n",
            ("ours", "A", "B"),
        ),
        (
            "import os\nHOOKS = (\n    A(),  # ä\n    B(),\n)\n",
            f"import os\n{IMPORT}HOOKS = (\n    *mlflow_hooks(),\n    A(),  # ä\n    B(),\n)\n",
            ("ours", "A", "B"),
        ),
        (
            'D = "ü"; HOOKS = [A()]\n',
            f'{IMPORT}\nD = "ü"; HOOKS = [*mlflow_hooks(), A()]\n',
            ("ours", "A"),
        ),
        ("HOOKS = ()\n", f"{IMPORT}\nHOOKS = (*mlflow_hooks(),)\n", ("ours",)),
        ("HOOKS = []\n", f"{IMPORT}\nHOOKS = [*mlflow_hooks(),]\n", ("ours",)),
        (
            "HOOKS = A(), B()\n",
            f"{IMPORT}\nHOOKS = *mlflow_hooks(), A(), B()\n",
            ("ours", "A", "B"),
        ),
        (
            "HOOKS: tuple = (A(),)\n",
            f"{IMPORT}\nHOOKS: tuple = (*mlflow_hooks(), A(),)\n",
            ("ours", "A"),
        ),
        (
            "HOOKS = (A(),) + (B(),)\n",
            f"{IMPORT}\nHOOKS = (*mlflow_hooks(), *((A(),) + (B(),)))\n",
            ("ours", "A", "B"),
        ),
        (
            "HOOKS = (\n    A(),\n)\nHOOKS = mine()\n",
            f"{IMPORT}\nHOOKS = (\n    A(),\n)\nHOOKS = (*mlflow_hooks(), *(mine()))\n",
            ("ours", "m", "i", "n", "e"),
        ),
    ],
)
def test_wired(text: str, wired: str, expected: tuple[str, ...]) -> None:
    """The hooks are added, what was there stays to the letter, and the file can be imported."""
    assert wire(text) == wired
    assert hooks(wired) == expected
    assert wire(wired) == wired


def test_kedros_own_template() -> None:
    """In the settings.py of `kedro new` the line that is commented out gets one below it."""
    import kedro

    (path,) = Path(kedro.__file__).parent.glob("templates/project/*/src/*/settings.py")
    before = path.read_text(encoding="utf-8")
    after = wire(before)
    added = [line for line in after.splitlines() if line not in before.splitlines()]
    assert added == [IMPORT.strip(), "HOOKS = mlflow_hooks()"]
    lines = after.splitlines()
    place = lines.index("HOOKS = mlflow_hooks()")
    assert lines[place - 1] == "# HOOKS = (ProjectHooks(),)"
    assert wire(after) == after


@pytest.mark.parametrize(
    "text",
    [
        f"{IMPORT}HOOKS = mlflow_hooks()\n",
        "from mlflow_on_kedro import MLflowTimeLoggerHook\nHOOKS = (MLflowTimeLoggerHook(),)\n",
        "from mlflow_on_kedro import mlflow_hooks as hooks\nHOOKS = (*hooks(),)\n",
        "import mlflow_on_kedro\nHOOKS = mlflow_on_kedro.mlflow_hooks()\n",
        "import mlflow_on_kedro as m\nHOOKS = m.mlflow_hooks()\n",
        f"try:\n    {IMPORT}except ImportError:\n    raise\nHOOKS = mlflow_hooks()\n",
    ],
)
def test_wired_already(text: str) -> None:
    """A file that has the hooks, all or some, under whatever name, stays as it is."""
    assert wire(text) == text


def test_line_ends_and_mark_stay() -> None:
    """Files of Windows stay such."""
    wired = wire("\ufeffimport os\r\nHOOKS = (A(),)\r\n")
    assert wired == "\ufeff" + f"import os\n{IMPORT}HOOKS = (*mlflow_hooks(), A(),)\n".replace(
        "\n", "\r\n"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("HOOKS = (\n", "settings.py is no Python: line 1"),
        ("if True:\n    HOOKS = (A(),)\n", "sets HOOKS in a way that cannot be added to"),
        ("HOOKS = ((A()),)\n", "is written in a way that cannot be added to"),
    ],
)
def test_refused(text: str, words: str) -> None:
    """What cannot be added to is left alone, and the message says what to write."""
    with pytest.raises(ConfigError) as caught:
        wire(text)
    assert words in caught.value.message
    assert "no Python" in words or IMPORT.strip() in caught.value.message

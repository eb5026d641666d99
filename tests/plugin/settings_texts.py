"""Texts of settings.py as projects have them, for the tests of `kedro mlflow init`."""

from __future__ import annotations

import inspect
from pathlib import Path

import kedro

HOOKS_MODULE = """
class A:
    pass


class B:
    pass


def mine():
    return (A(), B())


HOOKS = (A(), B())
tracking = mine
"""
BASE_MODULE = """
from .hooks import A

HOOKS = (A(),)
"""
KEDRO_MLFLOW = {
    "kedro_mlflow/__init__.py": "",
    "kedro_mlflow/framework/__init__.py": "",
    "kedro_mlflow/framework/hooks/__init__.py": (
        "from .mlflow_hook import MlflowHook, MlflowNodeHook, MlflowPipelineHook, mlflow_hook\n"
    ),
    "kedro_mlflow/framework/hooks/mlflow_hook.py": (
        "class MlflowHook:\n    pass\n\n\nclass MlflowNodeHook:\n    pass\n\n\n"
        "class MlflowPipelineHook:\n    def __init__(self, *words, **named):\n        pass\n\n\n"
        "mlflow_hook = MlflowHook()\n"
    ),
}
"""A package with kedro-mlflow's names."""

# The settings.py of Kedro's starters before 0.19.9 or so: imports below what is commented out.
_OLD_STARTER = '''"""Project settings. There is no need to edit this file unless you want to change
values from the Kedro defaults. For further information, including these default values, see
https://docs.kedro.org/en/stable/kedro_project_setup/settings.html."""

# Instantiated project hooks.
# For example, after creating a hooks.py and defining a ProjectHooks class there, do
# from project.hooks import ProjectHooks

# Hooks are executed in a Last-In-First-Out (LIFO) order.
# HOOKS = (ProjectHooks(),)

# Installed plugins for which to disable hook auto-registration.
# DISABLE_HOOKS_FOR_PLUGINS = ("kedro-viz",)

# Class that manages storing KedroSession data.
# from kedro.framework.session.store import BaseSessionStore
# SESSION_STORE_CLASS = BaseSessionStore

# Class that manages how configuration is loaded.
from kedro.config import OmegaConfigLoader  # noqa: E402

CONFIG_LOADER_CLASS = OmegaConfigLoader
# Keyword arguments to pass to the `CONFIG_LOADER_CLASS` constructor.
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    #       "config_patterns": {
    # HOOKS = (),
    #       }
}
'''
_A = "from .hooks import A\n"
_AB = "from .hooks import A, B\n"
_OLD = "from kedro_mlflow.framework.hooks import MlflowHook\n"

PLAIN = {
    "empty": "",
    "a comment": "# nothing here",
    "a docstring": '"""Settings."""',
    "a docstring and its own hooks commented out on one line": '"""x"""; X = 1\n# HOOKS = (A(),)\n',
    "old starter": _OLD_STARTER,
    "old starter without docstring": _OLD_STARTER.partition('html."""\n')[2],
    "old starter, Windows": _OLD_STARTER.replace("\n", "\r\n"),
    "old starter, with a mark": "\ufeff" + _OLD_STARTER,
    "comments first": "# HOOKS = (A(),)\n\nimport os\n\nX = os.sep\n",
    "a licence first": "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n# (c) me\n\nX = 1\n",
    "commented out above the future": "# HOOKS = ()\nfrom __future__ import annotations\nX = 1\n",
    "the future": '"""Doc."""\nfrom __future__ import annotations\n\n# HOOKS = ()\nimport os\n',
    "commented out within a docstring": '"""Doc.\n\n# HOOKS = ()\n"""\nX = 1\n',
    "commented out within brackets": "X = {\n# HOOKS = ()\n}\n",
    "commented out within a function": "def f():\n    x = 1\n# HOOKS = ()\n    return x\n",
    "commented out within an if": "if True:\n    X = 1\n# HOOKS = ()\nelse:\n    X = 2\n",
    "commented out on several lines": "# HOOKS = (\n#     A(),\n# )\nX = 1\n",
    "commented out twice": "# HOOKS = ()\nX = 1\n# HOOKS = (A(),)\nY = 2\n",
    "no line end": "X = 1",
    "only an import, no line end": "import os",
    "a form feed": 'X = "a\x0cb"\n\x0c\nY = 1\n',
    "a line separator": 'X = "a\u2028b"\n# HOOKS = ()\n',
    "old Mac": "import os\rX = 1\r",
    "a raw escape": 'import re\nX = re.compile("\\d")\n',
    "a continuation": "X = 1 + \\\n    2\n",
    "an if at the end": 'X = 1\nif __name__ == "__main__":\n    print(X)\n',
    "other settings": 'CONF_SOURCE = "conf"\nSESSION_STORE_ARGS = {"path": "./sessions"}\n',
    "prints": 'print("hello")\nprint("mlflow-on-kedro")\n',
    "imported and not used": "# HOOKS = ()\nfrom mlflow_on_kedro import mlflow_hooks\n",
}
"""Without hooks."""

HOOKED = {
    "a tuple": f"{_AB}HOOKS = (A(), B())\n",
    "a list": f"{_AB}HOOKS = [A(), B()]\n",
    "no brackets": f"{_AB}HOOKS = A(), B()\n",
    "several lines": f"{_AB}HOOKS = (\n    A(),  # ä\n    # below\n    B(),\n)\n",
    "tabs": f"{_AB}HOOKS = (\n\tA(),\n\tB(),\n)\n",
    "several lines, Windows": f"{_AB}HOOKS = (\n    A(),\n    B()\n)\n".replace("\n", "\r\n"),
    "mixed line ends": f'{_AB}X = """a\r\nb"""\r\nHOOKS = (A(), B())\n',
    "brackets around the first": f"{_AB}HOOKS = ((A()), B())\n",
    "brackets around the first, on lines": f"{_AB}HOOKS = (\n    (A()),\n    B(),\n)\n",
    "no brackets but around the first": f"{_AB}HOOKS = (A()), B()\n",
    "annotated": f"{_AB}HOOKS: tuple = (A(), B())\n",
    "annotated first": f"{_AB}HOOKS: tuple\nHOOKS = (A(), B())\n",
    "another statement before": f'{_AB}D = "ü"; HOOKS = [A(), B()]\n',
    "the import on the same line": "from .hooks import A, B; HOOKS = (A(), B())\n",
    "a docstring on the same line": '"""x"""; from .hooks import A, B; HOOKS = (A(), B())\n',
    "a sum": f"{_AB}HOOKS = (A(),) + (B(),)\n",
    "added to": f"{_AB}HOOKS = (A(),)\nHOOKS += (B(),)\n",
    "appended to": f"{_AB}HOOKS = [A()]\nHOOKS.append(B())\n",
    "set twice": f"{_AB}HOOKS = (A(),)\nHOOKS = (*HOOKS, B())\n",
    "a call": "from .hooks import mine\nHOOKS = mine()\n",
    "a variable": f"{_AB}both = (A(), B())\nHOOKS = both\n",
    "two targets": f"{_AB}HOOKS = MORE = (A(), B())\n",
    "unpacked": f"{_AB}HOOKS, X = (A(), B()), 1\n",
    "if": f"{_AB}if True:\n    HOOKS = (A(), B())\n",
    "if and else": f"{_AB}if False:\n    HOOKS = ()\nelse:\n    HOOKS = (A(), B())\n",
    "try": f"try:\n    {_AB}    HOOKS = (A(), B())\nexcept ImportError:\n    HOOKS = ()\n",
    "with": f"{_AB}import contextlib\nwith contextlib.suppress(OSError):\n    HOOKS = (A(), B())\n",
    "for": f"{_AB}HOOKS = ()\nfor hook in (A, B):\n    HOOKS += (hook(),)\n",
    "a walrus": f"{_AB}print(HOOKS := (A(), B()))\n",
    "a function that sets it": (
        f"{_AB}def make():\n    global HOOKS\n    HOOKS = (A(), B())\n\nmake()\n"
    ),
    "by its name": f'{_AB}globals()["HOOKS"] = (A(), B())\n',
    "imported": "from .hooks import HOOKS\n",
    "imported as": "from .hooks import HOOKS as HOOKS\n",
    "imported with all": "from .hooks import *\n",
    "deleted and set": f"{_AB}HOOKS = ()\ndel HOOKS\nHOOKS = (A(), B())\n",
    "a generator": f"{_AB}HOOKS = tuple(hook() for hook in (A, B))\n",
    "the name taken": "from .hooks import tracking as mlflow_hooks\nHOOKS = mlflow_hooks()\n",
    "commented out, too": f"# HOOKS = ()\n{_AB}HOOKS = (A(), B())\n",
    "imports between": f"# HOOKS = ()\nX = 1\n{_AB}HOOKS = (A(), B(),)\nimport os\n",
    "in a class, too": f"{_AB}class C:\n    HOOKS = ()\n\nHOOKS = (A(), B())\n",
    "conditional expression": f"{_AB}HOOKS = (A(), B()) if True else ()\n",
}
"""With the hooks A and B."""

OLD = {
    "alone": f"{_OLD}HOOKS = (MlflowHook(),)\n",
    "between": f"{_OLD}{_AB}HOOKS = (A(), MlflowHook(), B())\n",
    "first of two": f"{_OLD}{_AB}HOOKS = (MlflowHook(), A(), B())\n",
    "on lines": f"{_AB}{_OLD}HOOKS = (\n    A(),\n    MlflowHook(),  # tracking\n    B(),\n)\n",
    "a list": f"{_OLD}{_AB}HOOKS = [A(), MlflowHook(), B()]\n",
    "the instance": (
        "from kedro_mlflow.framework.hooks import mlflow_hook\n"
        f"{_AB}HOOKS = (A(), B(), mlflow_hook)\n"
    ),
    "its own module": (
        "from kedro_mlflow.framework.hooks.mlflow_hook import MlflowHook\n"
        f"{_AB}HOOKS = (A(), B(), MlflowHook())\n"
    ),
    "under another name": (
        "from kedro_mlflow.framework.hooks import MlflowHook as Tracking\n"
        f"{_AB}HOOKS = (Tracking(), A(), B())\n"
    ),
    "with its path": (
        "import kedro_mlflow.framework.hooks\n"
        f"{_AB}HOOKS = (kedro_mlflow.framework.hooks.MlflowHook(), A(), B())\n"
    ),
    "a module": (
        "import kedro_mlflow.framework.hooks as theirs\n"
        f"{_AB}HOOKS = (theirs.MlflowHook(), A(), B())\n"
    ),
    "two of them": (
        "from kedro_mlflow.framework.hooks import (\n    MlflowNodeHook,\n"
        "    MlflowPipelineHook,\n)\n"
        f'{_AB}HOOKS = (\n    A(),\n    MlflowPipelineHook(model_name="x"),\n'
        "    MlflowNodeHook(),\n    B(),\n)\n"
    ),
    "a variable": f"{_OLD}{_AB}tracking = MlflowHook()\nHOOKS = (A(), tracking, B())\n",
    "beside ours": (
        f"{_OLD}{_AB}from mlflow_on_kedro import mlflow_hooks\n\n"
        "HOOKS = (*mlflow_hooks(), MlflowHook(), A(), B())\n"
    ),
    "beside ours, alone": (
        f"{_OLD}from mlflow_on_kedro import mlflow_hooks\n\n"
        "HOOKS = (MlflowHook(), *mlflow_hooks())\n"
    ),
    "if": f"{_OLD}{_AB}if True:\n    HOOKS = (A(), MlflowHook(), B())\nelse:\n    HOOKS = ()\n",
    "a docstring, Windows": f'"""x"""\n\n{_OLD}{_AB}HOOKS = (MlflowHook(), A(), B())\n'.replace(
        "\n", "\r\n"
    ),
}
"""With kedro-mlflow's hooks, and some with A and B as well."""

REFUSED = {
    "in a call": f"{_OLD}HOOKS = tuple([MlflowHook()])\n",
    "starred": f"{_OLD}{_A}more = [MlflowHook()]\nHOOKS = (*more, A())\n",
    "no Python": "HOOKS = (\n",
    "a NUL": "X = 1\0\n",
    "a name that is not there": "X = y\n",
    "a module that is not there": "import no_such_module\n",
    "no tuple": f"{_A}HOOKS = (A())\n",
    "ends": "import sys\nsys.exit(3)\n",
}
"""Which nothing can be added to, or that do not run as they are."""


def kedros_own() -> str:
    """The settings.py of `kedro new`."""
    (path,) = Path(inspect.getfile(kedro)).parent.glob("templates/project/*/src/*/settings.py")
    return path.read_text(encoding="utf-8")

"""Adding the hooks to a project's settings.py, whatever that looks like."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow_on_kedro
import pytest
from mlflow_on_kedro.commands.setup import settings_trial
from mlflow_on_kedro.commands.setup.initializing import Project, wired
from mlflow_on_kedro.commands.setup.settings_trial import Settings
from mlflow_on_kedro.commands.setup.settings_wiring import PACKAGE, by_hand, wirings
from mlflow_on_kedro.errors import ConfigError

from tests.plugin import settings_texts as texts

IMPORT = "from mlflow_on_kedro import mlflow_hooks\n"
OURS = [f"{type(hook).__module__}.{type(hook).__name__}" for hook in mlflow_on_kedro.mlflow_hooks()]

Run = Callable[[str], Settings]
Wire = Callable[..., tuple[str, Settings]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A function that runs a text as the settings.py of a package; kedro-mlflow is installed."""
    package = tmp_path / "wired"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "hooks.py").write_text(texts.HOOKS_MODULE, encoding="utf-8")
    for name, text in texts.KEDRO_MLFLOW.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))

    def forget() -> None:
        for name in list(sys.modules):
            if name.split(".")[0] in {"wired", "kedro_mlflow"}:
                del sys.modules[name]

    def run_(text: str) -> Settings:
        forget()
        try:
            return settings_trial.execute(package / "settings.py", text, "wired")
        except SystemExit:  # which ends the process that tries it out
            return Settings(error="ended")

    yield run_
    forget()


@pytest.fixture
def wire(run: Run, tmp_path: Path) -> Wire:
    """A function that finds a text with the hooks, as `kedro mlflow init` does."""

    def wire_(
        text: str, old_plugin: str | None = None, present: Settings | None = None
    ) -> tuple[str, Settings]:
        path = tmp_path / "wired/settings.py"
        return wired(text, Project(tmp_path, path, present or run(text), run, old_plugin))

    return wire_


ALL = {
    **{f"plain: {name}": text for name, text in texts.PLAIN.items()},
    **{f"hooked: {name}": text for name, text in texts.HOOKED.items()},
    **{f"kedro-mlflow: {name}": text for name, text in texts.OLD.items()},
    "kedro's own": texts.kedros_own(),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::SyntaxWarning")
@pytest.mark.parametrize("name", ALL)
def test_any_file(name: str, run: Run, wire: Wire) -> None:
    """The result runs; HOOKS has each of ours once, all others as before, no kedro-mlflow's."""
    text = ALL[name]
    before = run(text)
    after, found = wire(text, present=before)
    assert found.error is None
    assert found.hooks_of(PACKAGE) == OURS
    assert found.hooks_of("kedro_mlflow") == []
    assert found.hooks_of("wired") == before.hooks_of("wired")
    assert wire(after, present=found) == (after, found)
    if "kedro-mlflow" not in name:
        assert_kept(text, after)


def assert_kept(text: str, after: str) -> None:
    """What was in a text is in another one, in its order, with the same line ends."""
    rest = after
    for line in text.splitlines():
        kept = line.partition("HOOKS")[0]
        assert kept in rest
        rest = rest[rest.index(kept) + len(kept) :]
    if text.count("\n") == text.count("\r\n") > 0:
        assert "\n" not in after.replace("\r\n", "")
    assert after.startswith("\ufeff") == text.startswith("\ufeff")


@pytest.mark.parametrize("name", texts.REFUSED)
def test_refused(name: str, wire: Wire) -> None:
    """What has no such result is refused in one message that says why, and what to do."""
    with pytest.raises(ConfigError) as caught:
        wire(texts.REFUSED[name])
    message = caught.value.message
    assert "settings.py" in message
    if "kedro-mlflow's" in message:
        assert f"    {IMPORT}\n    HOOKS = (*mlflow_hooks(), *HOOKS)\n" in message
    else:
        assert "\n" not in message
        assert "does not run as it is: " in message or "is not valid Python: " in message


ANY = 'globals().get("HOOKS", ()))'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", f"{IMPORT}\nHOOKS = mlflow_hooks()\n"),
        (
            '"""Doc."""\n\n# HOOKS = (A(),)\n\nX = 1\n',
            f'"""Doc."""\n\n{IMPORT}\n# HOOKS = (A(),)\nHOOKS = mlflow_hooks()\n\nX = 1\n',
        ),
        (
            "# HOOKS = (A(),)\n\nimport os\n",
            f"# HOOKS = (A(),)\n\n{IMPORT}\nHOOKS = mlflow_hooks()\n\nimport os\n",
        ),
        (
            "import os\n\nHOOKS = (A(), B())\n",
            f"import os\n{IMPORT}\nHOOKS = (*mlflow_hooks(), A(), B())\n",
        ),
        (
            "import os\nHOOKS = (\n    A(),  # ä\n    B(),\n)\n",
            f"import os\n{IMPORT}HOOKS = (\n    *mlflow_hooks(),\n    A(),  # ä\n    B(),\n)\n",
        ),
        ("HOOKS = ()\n", f"{IMPORT}\nHOOKS = mlflow_hooks()\n"),
        (
            "HOOKS = mine()\n",
            f"{IMPORT}\nHOOKS = mine()\n\nHOOKS = (*mlflow_hooks(), *HOOKS)\n",
        ),
        (
            "if X:\n    HOOKS = ()\n",
            f"{IMPORT}\nif X:\n    HOOKS = ()\n\nHOOKS = (*mlflow_hooks(), *{ANY}\n",
        ),
        (
            "from kedro_mlflow.framework.hooks import MlflowHook\nHOOKS = (MlflowHook(),)\n",
            f"{IMPORT}HOOKS = mlflow_hooks()\n",
        ),
        ("HOOKS = ()\r\n", f"{IMPORT}\nHOOKS = mlflow_hooks()\n".replace("\n", "\r\n")),
    ],
)
def test_how_it_reads(text: str, expected: str) -> None:
    """The first text that is tried is the one that a person would write."""
    assert next(wirings(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        f"{IMPORT}HOOKS = mlflow_hooks()\n",
        "from mlflow_on_kedro import MLflowTimeLoggerHook\nHOOKS = (MLflowTimeLoggerHook(),)\n",
        "from mlflow_on_kedro import mlflow_hooks as hooks\nHOOKS = (*hooks(),)\n",
        "import mlflow_on_kedro\nHOOKS = mlflow_on_kedro.mlflow_hooks()\n",
        "import mlflow_on_kedro as m\nHOOKS = m.mlflow_hooks()\n",
        f"try:\n    {IMPORT}except ImportError:\n    raise\nHOOKS = mlflow_hooks()\n",
        f"{IMPORT}ours = mlflow_hooks()\nHOOKS = tuple(ours)\n",
        f"{IMPORT}HOOKS = []\nHOOKS.extend(mlflow_hooks())\n",
        f"import os\n{IMPORT}HOOKS = mlflow_hooks() if os.environ.get('NO_SUCH') else ()\n",
    ],
)
def test_wired_already(text: str, wire: Wire) -> None:
    """A file that has the hooks, all or some, under whatever name, stays as it is."""
    assert wire(text)[0] == text


def test_kedro_mlflow_is_gone_already(wire: Wire, tmp_path: Path) -> None:
    """Who has uninstalled it first, so that settings.py does not run, is helped as well."""
    shutil.rmtree(tmp_path / "kedro_mlflow")
    text, found = wire(texts.OLD["between"])
    assert "kedro_mlflow" not in text
    assert found.hooks_of("wired") == ["wired.hooks.A", "wired.hooks.B"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 'DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow",)'),
        (
            'DISABLE_HOOKS_FOR_PLUGINS = ("kedro-viz",)\n',
            'DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow", "kedro-viz",)',
        ),
        (
            'DISABLE_HOOKS_FOR_PLUGINS = tuple(["kedro-viz"])\n',
            'DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow", *DISABLE_HOOKS_FOR_PLUGINS)',
        ),
        (texts.kedros_own(), 'DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow",)'),
        (f"{IMPORT}HOOKS = mlflow_hooks()\n", 'DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow",)'),
    ],
)
def test_kedro_mlflow_is_installed(text: str, line: str, wire: Wire) -> None:
    """Its hooks, which register by themselves, are kept out by its name in the package index."""
    after, found = wire(text, "kedro_mlflow")
    assert line in after.splitlines()
    assert "kedro_mlflow" in found.disabled
    assert found.hooks_of(PACKAGE) == OURS
    assert wire(after, "kedro_mlflow")[0] == after


def test_by_hand() -> None:
    """The lines for who has to add them are those that are missing."""
    assert by_hand("") == f"{IMPORT}\nHOOKS = mlflow_hooks()"
    assert by_hand("HOOKS = f()", disable="kedro_mlflow").splitlines()[2:] == [
        "HOOKS = (*mlflow_hooks(), *HOOKS)",
        'DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow",)',
    ]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*invalid escape sequence")  # tests make it an error
@pytest.mark.parametrize("name", ALL)
def test_in_a_process_of_its_own(name: str, run: Run, tmp_path: Path) -> None:
    """What is tried out in a new process comes out as in this one; texts go there whole."""
    path = tmp_path / "wired/settings.py"
    text = next(iter(wirings(ALL[name])))
    assert settings_trial.try_out(path, text, "wired") == run(text)

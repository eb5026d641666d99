"""``kedro mlflow upgrade``, ``vendor`` and ``unvendor``: the copy of the plugin in a project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result
from mlflow_on_kedro.commands.setup import settings_trial
from mlflow_on_kedro.errors import MLflowOnKedroError
from mlflow_on_kedro.utils import replacing
from mlflow_on_kedro.vendoring import sources
from mlflow_on_kedro.vendoring.copies import DATA
from mlflow_on_kedro.vendoring.record import Record, digest
from mlflow_on_kedro.vendoring.requirements import with_needs

CHANGELOG = """\
# Changelog

## [2.0]

### Added

- It flies.
- It sings.

### Changed

- It eats.

## [1.0]

- It walks.
"""
NEEDS = """\
Requires-Dist: kedro>=1.0
Requires-Dist: mlflow>=3.1
Requires-Dist: plotly>=5.18
Requires-Dist: optuna>=4.0; extra == 'sweep'
Requires-Dist: ray>=2.10; extra == 'ray'
"""
TEMPLATE = Path(__file__).parents[3] / "{{ cookiecutter.repo_name }}"
LINE = "mlflow-on-kedro @ git+https://host/starter.git@abc"
ORIGIN = {"url": "https://host/starter.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}


def write_plugin(folder: Path, version: str, **files: str) -> Path:
    """Write something that looks like this plugin."""
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(f'__version__ = "{version}"\n')
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A function that installs a version of the plugin, which came from git."""
    site = tmp_path / "site"

    def found(_: str) -> metadata.Distribution:
        if not site.exists():
            raise metadata.PackageNotFoundError
        return metadata.Distribution.at(site / "x.dist-info")

    def install_(version: str) -> Path:
        (site / "x.dist-info").mkdir(parents=True)
        text = f"Name: mlflow-on-kedro\nVersion: {version}\n{NEEDS}"
        (site / "x.dist-info" / "METADATA").write_text(text)
        (site / "x.dist-info" / "direct_url.json").write_text(json.dumps(ORIGIN))
        starter = site / "mlflow_on_kedro_starter"
        starter.mkdir()
        (starter / "CHANGELOG.md").write_text(CHANGELOG)
        return write_plugin(site / "mlflow_on_kedro", version, new="y = 1\n")

    monkeypatch.setattr(metadata, "distribution", found)
    return install_


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project without a copy."""
    root = tmp_path / "project"
    (root / "src/demo_package").mkdir(parents=True)
    (root / "requirements.txt").write_text("kedro\n")
    return root


@pytest.fixture
def copied(root: Path) -> Path:
    """A project with a copy of version 1.0."""
    folder = write_plugin(root / "src" / "mlflow_on_kedro", "1.0", old="x = 1\n")
    write_record(root, digest(folder))
    return root


def write_record(root: Path, digest: str) -> None:
    """Write the record beside the copy."""
    record = Record("1.0", "https://host/starter.git, commit abc", LINE, digest)
    (root / "src" / "mlflow_on_kedro.md").write_text(record.to_text())


def command(root: Path, *words: str) -> Result:
    """Run a command in a project."""
    from mlflow_on_kedro.cli import cli

    metadata = SimpleNamespace(
        project_path=root, source_dir=root / "src", package_name="demo_package"
    )
    return CliRunner().invoke(cli, ["mlflow", *words], obj=metadata)


def version_in(root: Path) -> str:
    """The version of the copy."""
    return (root / "src" / "mlflow_on_kedro" / "__init__.py").read_text()


def backups(root: Path) -> list[Path]:
    """The copies that were replaced."""
    return sorted((root / ".mlflow_on_kedro" / "copies").glob("*/mlflow_on_kedro"))


class TestUpgrade:
    """``kedro mlflow upgrade``."""

    def test_to_the_installed(self, copied: Path, install: Callable[[str], Path]) -> None:
        """What changes is shown; the old copy is kept; the record is the new one's."""
        install("2.0")
        result = command(copied, "upgrade", "--yes")
        assert result.exit_code == 0, result.output
        assert "From 1.0 (https://host/starter.git, commit abc)" in result.output
        assert "- It eats." in result.output
        assert "- It flies." not in result.output
        assert "Not shown: Added (2). The new version's CHANGELOG.md has all." in result.output
        assert "- It walks." not in result.output
        assert "1 added, 1 modified, 1 deleted" in result.output
        assert "A new.py" in result.output
        assert version_in(copied) == '__version__ = "2.0"\n'
        assert not (copied / "src" / "mlflow_on_kedro" / "old.py").exists()
        (backup,) = backups(copied)
        assert (backup / "old.py").read_text() == "x = 1\n"
        assert (backup.parent / "mlflow_on_kedro.md").is_file()
        record = Record.from_text((copied / "src" / "mlflow_on_kedro.md").read_text())
        assert record == Record(
            "2.0",
            "git+https://host/starter.git@abc",
            LINE,
            digest(copied / "src" / "mlflow_on_kedro"),
        )
        assert "Nothing to do" in command(copied, "upgrade").output

    def test_its_files_are_packaged(self, copied: Path, install: Callable[[str], Path]) -> None:
        """The list of 0.1.0 in pyproject.toml becomes that of a new project."""
        install("2.0")
        text = (TEMPLATE / "pyproject.toml").read_text()
        (line,) = [line for line in text.splitlines() if line.startswith("mlflow_on_kedro = [")]
        path = copied / "pyproject.toml"
        path.write_bytes(b'[a]\r\nmlflow_on_kedro = ["mlflow.yml", "py.typed"]\r\n')
        tried = command(copied, "upgrade", "--dry-run").output
        assert f'- mlflow_on_kedro = ["mlflow.yml", "py.typed"]\n+ {line}\n' in tried
        assert tried.endswith("Nothing was written.\n")
        result = command(copied, "upgrade", "--yes")
        assert result.exit_code == 0
        assert f"Wrote {path}." in result.output
        assert path.read_bytes().decode() == f"[a]\r\n{line}\r\n"

    def test_an_edited_copy(self, copied: Path, install: Callable[[str], Path]) -> None:
        """It is replaced by --force only."""
        install("2.0")
        (copied / "src" / "mlflow_on_kedro" / "old.py").write_text("x = 2\n")
        result = command(copied, "upgrade", "--yes")
        assert result.exit_code == 1
        assert "was edited since it was copied" in result.output
        assert version_in(copied) == '__version__ = "1.0"\n'
        assert command(copied, "upgrade", "--yes", "--force").exit_code == 0
        (backup,) = backups(copied)
        assert (backup / "old.py").read_text() == "x = 2\n"

    def test_only_edits(self, copied: Path, install: Callable[[str], Path]) -> None:
        """A copy of the same version is not upgraded, and its edits are named."""
        install("1.0")
        assert command(copied, "upgrade", "--yes").exit_code == 0
        (copied / "src" / "mlflow_on_kedro" / "new.py").write_text("y = 2\n")
        result = command(copied, "upgrade", "--dry-run")
        assert result.exit_code == 1
        assert "is the version 1.0 already, except for your edits:\n  M new.py\n" in result.output

    def test_what_git_and_python_do(self, copied: Path, install: Callable[[str], Path]) -> None:
        """Other ends of lines, and compiled modules, are no edits."""
        install("2.0")
        folder = copied / "src" / "mlflow_on_kedro"
        (folder / "old.py").write_bytes(b"x = 1\r\n")
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__" / "old.pyc").write_bytes(b"0")
        assert command(copied, "upgrade", "--yes").exit_code == 0

    @pytest.mark.parametrize("record", ["no digest", "none"])
    def test_a_copy_of_0_1_0(
        self, copied: Path, install: Callable[[str], Path], record: str
    ) -> None:
        """Whether it was edited is not recorded, which is said before the question."""
        install("2.0")
        if record == "none":
            (copied / "src" / "mlflow_on_kedro.md").unlink()
        else:
            write_record(copied, "")
        result = command(copied, "upgrade", "--yes")
        assert result.exit_code == 0, result.output
        assert "Whether the copy was edited is not recorded." in result.output
        assert version_in(copied) == '__version__ = "2.0"\n'

    @pytest.mark.parametrize("words", [["--dry-run"], []])
    def test_nothing_is_written(
        self, copied: Path, install: Callable[[str], Path], words: list[str]
    ) -> None:
        """By --dry-run, and where there is nobody to ask."""
        install("2.0")
        result = command(copied, "upgrade", *words)
        assert result.exit_code == len(words) ^ 1
        assert version_in(copied) == '__version__ = "1.0"\n'
        assert backups(copied) == []

    def test_no_copy(self, root: Path, install: Callable[[str], Path]) -> None:
        """A project that uses the installed package is upgraded by pip."""
        install("2.0")
        result = command(root, "upgrade")
        assert result.exit_code == 1
        assert "Upgrade that with pip." in result.output

    @pytest.mark.usefixtures("install")
    def test_not_installed(self, copied: Path) -> None:
        """Then --from has to name it."""
        result = command(copied, "upgrade")
        assert result.exit_code == 1
        assert "give `--from`" in result.output

    def test_from_what_cannot_be_installed(self, copied: Path, tmp_path: Path) -> None:
        """The message is the installer's, without credentials."""
        result = command(copied, "upgrade", "--from", f"{tmp_path}/none/x.whl")
        assert result.exit_code == 1
        assert "failed:" in result.output
        assert version_in(copied) == '__version__ = "1.0"\n'


def test_the_name_of_a_backup(copied: Path, install: Callable[[str], Path]) -> None:
    """The record's version is a part of a path, and anybody may have written it."""
    install("2.0")
    record = Record("../../../x", "y", LINE, digest(copied / "src" / "mlflow_on_kedro"))
    (copied / "src" / "mlflow_on_kedro.md").write_text(record.to_text())
    assert command(copied, "upgrade", "--yes").exit_code == 0
    assert len(backups(copied)) == 1


@pytest.mark.parametrize("words", [["upgrade"], ["unvendor"]])
def test_a_folder_that_cannot_be_moved(
    copied: Path,
    install: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
) -> None:
    """The project keeps its copy; on Windows, a scanner may hold a new folder for a while."""
    install("2.0")
    monkeypatch.setattr(replacing, "PATIENCE_SECONDS", 0.1)
    rename, target = Path.rename, copied / "src" / "mlflow_on_kedro"

    def held(self: Path, to: Path) -> Path:
        if self.name == target.name and (words == ["unvendor"] or to == target):
            raise PermissionError(13, "in use", str(self))
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", held)
    result = command(copied, *words, "--yes")
    assert result.exit_code == 1
    assert "in use" in str(result.output)
    assert version_in(copied) == '__version__ = "1.0"\n'
    assert sorted(path.name for path in (copied / "src").iterdir()) == [
        "demo_package",
        "mlflow_on_kedro",
        "mlflow_on_kedro.md",
    ]


def test_there_and_back(root: Path, install: Callable[[str], Path]) -> None:
    """`vendor` copies the installed package, `unvendor` removes the copy."""
    installed = install("2.0")
    (root / "requirements.txt").write_text(f"kedro\n{LINE}\n")
    result = command(root, "vendor", "--yes")
    assert result.exit_code == 0, result.output
    assert digest(root / "src" / "mlflow_on_kedro") == digest(installed)
    needs = "kedro\nmlflow>=3.1\nplotly>=5.18\n"
    assert (root / "requirements.txt").read_text() == needs
    assert command(root, "vendor", "--yes").exit_code == 1

    result = command(root, "unvendor", "--yes")
    assert result.exit_code == 0, result.output
    assert [path.name for path in (root / "src").iterdir()] == ["demo_package"]
    assert (root / "requirements.txt").read_text() == f"{needs}{LINE}\n"
    assert len(backups(root)) == 1
    assert command(root, "unvendor", "--yes").exit_code == 1


def test_unvendor_with_hashes(root: Path, install: Callable[[str], Path]) -> None:
    """A requirements.txt with hashes stays, and a message says where the plugin belongs."""
    install("2.0")
    assert command(root, "vendor", "--yes").exit_code == 0
    (root / "requirements.txt").write_text("kedro==1.0 --hash=sha256:1\n")
    result = command(root, "unvendor", "--yes")
    assert f"put {LINE} into the file that it is compiled from" in result.output
    assert (root / "requirements.txt").read_text() == "kedro==1.0 --hash=sha256:1\n"


def test_what_a_copy_needs(
    root: Path, install: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`vendor` writes the module with the commands, or says what is left: hooks, files to pack."""
    install("2.0")
    monkeypatch.setattr(settings_trial, "of_this_process", lambda _: settings_trial.Settings())
    written = TEMPLATE / "src/{{ cookiecutter.python_package }}/cli.py"
    (root / "pyproject.toml").write_text("[project]\n")
    output = command(root, "vendor", "--yes").output
    cli = root / "src/demo_package/cli.py"
    assert cli.read_text() == written.read_text()
    assert output.count("Left to you: ") == 2
    assert "settings.py has none of this plugin's hooks" in output
    assert f"below [tool.setuptools.package-data]: {DATA}\n" in output

    shutil.rmtree(root / "src/mlflow_on_kedro")
    cli.write_text("# mine\n")
    (root / "pyproject.toml").write_text(f'{DATA}\ndependencies = ["mlflow-on-kedro"]\n')
    (root / "requirements.txt").unlink()
    hooks = settings_trial.Settings(("mlflow_on_kedro.hooks.basic.MLflowBasicLoggerHook",))
    monkeypatch.setattr(settings_trial, "of_this_process", lambda _: hooks)
    output = command(root, "vendor", "--yes").output
    assert cli.read_text() == "# mine\n"
    assert output.count("Left to you: ") == 3
    assert "cli.py needs `from mlflow_on_kedro.cli import cli`" in output
    assert "pyproject.toml names mlflow-on-kedro" in output
    assert "list what mlflow-on-kedro requires" in output


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("mlflow-on-kedro[sweep,dask] @ git+https://h/x\r\na", "mlflow>=3\r\noptuna>=4\r\na"),
        ("a", "a\nmlflow>=3\n"),
        ("MLflow[x]==3.1\nmlflow_on_kedro==1 \\\n  # x\na\n", "MLflow[x]==3.1\na\n"),
        ("mlflow-on-kedro==1 \\\n --hash=sha256:1\na==1 --hash=sha256:2", "a==1 --hash=sha256:2"),
    ],
)
def test_the_requirements_of_a_copy(before: str, after: str) -> None:
    """They take the place of the plugin's line; what is there already stays as it is."""
    assert with_needs(before, ["mlflow>=3", "optuna>=4; extra == 'sweep'"]) == after


@pytest.mark.usefixtures("install")
def test_unvendor_what_is_not_installed(copied: Path) -> None:
    """The project would not run, so the record's requirement is named."""
    result = command(copied, "unvendor", "--yes")
    assert result.exit_code == 1
    assert f'pip install "{LINE}"' in result.output
    assert version_in(copied)


def test_from_a_folder(tmp_path: Path) -> None:
    """What pip installs is a version of the plugin."""
    project = tmp_path / "starter"
    write_plugin(project / "mlflow_on_kedro", "3.0")
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "mlflow-on-kedro"\nversion = "3.0"\n'
        '[tool.hatch.build.targets.wheel]\npackages = ["mlflow_on_kedro"]\n'
    )
    wheel = [sys.executable, "-m", "build", "--wheel", "--no-isolation", str(project)]
    subprocess.run(wheel, check=True, capture_output=True)
    (built,) = (project / "dist").glob("*.whl")
    source = sources.given(str(built), tmp_path / "target")
    assert source.record.origin == built.as_uri()
    assert source.record.version == "3.0"
    assert source.record.requirement == f"mlflow-on-kedro @ {built.as_uri()}"


def test_from_a_folder_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of the working directory is that folder, and not a package of the index."""
    (tmp_path / "starter").mkdir()
    monkeypatch.chdir(tmp_path)
    commands: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1, "", "no")

    monkeypatch.setattr(sources.subprocess, "run", run)
    for origin in ("starter", "git+https://host/starter"):
        with pytest.raises(MLflowOnKedroError, match="pip install"):
            sources.given(origin, tmp_path / "target")
    assert [command[-1] for command in commands] == [
        str((tmp_path / "starter").resolve()),
        "git+https://host/starter",
    ]


def test_the_commit_of_a_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record of a copy names it."""
    (tmp_path / ".git").mkdir()
    monkeypatch.setattr(sources.git_state, "run", lambda *_: (0, b"abc\n", ""))
    site = tmp_path / "site"
    write_plugin(site / "mlflow_on_kedro", "3.0")
    (site / "x.dist-info").mkdir()
    (site / "x.dist-info" / "METADATA").write_text("Name: mlflow-on-kedro\nVersion: 3.0\n")
    origin = json.dumps({"url": tmp_path.as_uri(), "dir_info": {}})
    (site / "x.dist-info" / "direct_url.json").write_text(origin)
    monkeypatch.setattr(
        metadata, "distribution", lambda _: metadata.Distribution.at(site / "x.dist-info")
    )
    assert sources.installed().record.origin == f"{tmp_path.as_uri()}, commit abc"


def test_beside_an_old_copy(copied: Path) -> None:
    """The installed package's commands run where the copy is too old to have them."""
    (copied / "pyproject.toml").write_text(
        '[tool.kedro]\npackage_name = "p"\nproject_name = "p"\nkedro_init_version = "1.0.0"\n'
    )
    shutil.rmtree(copied / "src" / "mlflow_on_kedro")
    write_plugin(copied / "src" / "mlflow_on_kedro", "1.0")
    (copied / "src" / "p").mkdir()
    plugin = Path(sources.__file__).parents[2]
    result = subprocess.run(
        [sys.executable, "-m", "mlflow_on_kedro.cli", "mlflow", "upgrade", "--help"],
        cwd=copied,
        env={**os.environ, "PYTHONPATH": str(plugin)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "--force" in result.stdout

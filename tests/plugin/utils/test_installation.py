"""Which copy of the plugin is used, and who is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import mlflow_on_kedro
import pytest
from click.testing import CliRunner
from mlflow_on_kedro.cli import cli
from mlflow_on_kedro.utils import installation
from mlflow_on_kedro.utils.installation import Installation

HERE = Path(mlflow_on_kedro.__file__).parent.resolve()
VERSION = mlflow_on_kedro.__version__


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """A function that installs another version; ``origin`` is what it was installed from."""

    def found(_: str) -> metadata.Distribution:
        if not list(tmp_path.glob("*.dist-info")):
            raise metadata.PackageNotFoundError
        return metadata.Distribution.at(tmp_path / "x.dist-info")

    def install_(version: str, origin: Path | None = None, *, editable: bool = True) -> Path:
        folder = tmp_path / "x.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Name: mlflow-on-kedro\nVersion: {version}\n")
        if origin is not None:
            url = {"url": origin.as_uri(), "dir_info": {"editable": editable}}
            (folder / "direct_url.json").write_text(json.dumps(url))
        installation.present.cache_clear()
        return tmp_path

    monkeypatch.setattr(metadata, "distribution", found)
    for cached in (installation.present, installation.warn_of_another):
        cached.cache_clear()
    yield install_
    for cached in (installation.present, installation.warn_of_another):
        cached.cache_clear()


def version_option() -> list[str]:
    """What `kedro mlflow --version` prints."""
    result = CliRunner().invoke(cli, ["mlflow", "--version"])
    assert result.exit_code == 0
    return result.output.splitlines()


@pytest.mark.usefixtures("install")
def test_nothing_is_installed(said: list[str]) -> None:
    """A copy alone is what there is."""
    assert installation.present() == Installation(HERE, VERSION)
    installation.warn_of_another()
    assert said == []
    assert version_option() == [f"mlflow-on-kedro {VERSION} in {HERE}"]


def test_a_copy_hides_another_version(install: Callable[..., Path], said: list[str]) -> None:
    """It is warned of once, and `kedro mlflow --version` names both."""
    install("99.0")
    assert installation.present() == Installation(HERE, VERSION, other="99.0")
    for _ in range(2):
        installation.warn_of_another()
    (message,) = said
    assert f"mlflow_on_kedro {VERSION} in {HERE} is used, and not 99.0" in message
    assert version_option()[1:] == ["mlflow-on-kedro 99.0 is installed, too, and is not used here."]


def test_a_copy_of_the_same_version(install: Callable[..., Path], said: list[str]) -> None:
    """What makes no difference is not warned of."""
    install(VERSION)
    installation.warn_of_another()
    assert said == []


def test_edited_in_place(install: Callable[..., Path], said: list[str]) -> None:
    """An editable installation is this one, also if its version was another when it was made."""
    install("0.0.1", HERE.parent)
    assert installation.present() == Installation(HERE, VERSION, is_installed=True)
    installation.warn_of_another()
    assert said == []


def test_installed_from_a_folder(install: Callable[..., Path]) -> None:
    """A package that was built from a folder is not that folder."""
    install("0.0.1", HERE.parent, editable=False)
    assert installation.present().other == "0.0.1"


def test_installed(install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual way: the package lies beside its metadata."""
    place = install(VERSION)
    monkeypatch.setattr(
        installation, "__file__", str(place / "mlflow_on_kedro/utils/installation.py")
    )
    installation.present.cache_clear()
    assert installation.present().is_installed


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Installation(Path("/p/src/mlflow_on_kedro"), "1.0"), "1.0 (src/mlflow_on_kedro)"),
        (Installation(Path("/site/mlflow_on_kedro"), "1.0", is_installed=True), "1.0 (installed)"),
        (Installation(Path("/q/mlflow_on_kedro"), "1.0"), "1.0 (outside of the project)"),
    ],
)
def test_in_words(found: Installation, words: str) -> None:
    """The run's tag has no path of the machine."""
    assert found.in_words(Path("/p")) == words


@pytest.mark.parametrize(
    ("origin", "line"),
    [
        (None, "mlflow-on-kedro==1.0"),
        ({"url": "file:///a/wheel.whl"}, "mlflow-on-kedro @ file:///a/wheel.whl"),
        (
            {"url": "https://host/a.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "mlflow-on-kedro @ git+https://host/a.git@abc",
        ),
        (
            {
                "url": "ssh://git@host/a.git",
                "vcs_info": {"vcs": "git", "commit_id": "abc"},
                "subdirectory": "plugin_src",
            },
            "mlflow-on-kedro @ git+ssh://git@host/a.git@abc#subdirectory=plugin_src",
        ),
        ({"url": "https://me:pw@host/a.zip"}, "mlflow-on-kedro @ https://host/a.zip"),
    ],
)
def test_requirement(
    install: Callable[..., Path], origin: dict[str, object] | None, line: str
) -> None:
    """The line that installs it again: from the index only where it came from an index."""
    folder = install("1.0") / "x.dist-info"
    if origin is not None:
        (folder / "direct_url.json").write_text(json.dumps(origin))
    assert installation.requirement(metadata.Distribution.at(folder)) == line

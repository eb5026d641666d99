"""What pip has to install for a model."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest
from mlflow_on_kedro.pipeline_models.requirements import expand_files, requirements


def version(name: str) -> str:
    """The installed version of a package."""
    return metadata.version(name)


ALWAYS = [f"{name}=={version(name)}" for name in ("kedro", "mlflow", "cloudpickle")]


def test_the_projects_list(tmp_path: Path) -> None:
    """Each package of requirements.txt is pinned to what is installed; what is not stays."""
    (tmp_path / "more.txt").write_text("scipy\n")
    (tmp_path / "requirements.txt").write_text(
        "# comment\n"
        "kedro >= 1.0\n"
        "kedro-datasets[pandas-csvdataset]>=8.1  # note\n"
        "not-installed~=1.2\n"
        'pywin32; sys_platform == "nowhere"\n'
        "-r more.txt\n"
        "-e .\n"
        "--extra-index-url https://me:pw@example.com/simple\n"
        "private @ git+https://me:pw@example.com/x.git\n"
        "mlflow-on-kedro\n"
        "\n"
    )
    found = requirements(tmp_path, [])
    assert found == [
        ALWAYS[0],
        f"kedro-datasets[pandas-csvdataset]=={version('kedro-datasets')}",
        "not-installed~=1.2",
        f"scipy=={version('scipy')}",
        "private @ git+https://example.com/x.git",
        *ALWAYS[1:],
    ]


def test_without_a_list(tmp_path: Path) -> None:
    """Where the project has no requirements.txt, what its code imports counts."""
    found = requirements(tmp_path, ["sklearn", "not_there"])
    assert found == [f"scikit-learn=={version('scikit-learn')}", *ALWAYS]


def test_what_the_user_gives(tmp_path: Path) -> None:
    """Files may stand wherever requirements may; they are taken as they are, but for secrets."""
    (tmp_path / "more.txt").write_text(
        "# comment\n"
        "torch==2.0 \\\n    --hash=sha256:abc\n"
        "--extra-index-url https://me:pw@example.com/cpu  # note\n"
        "-r deep/others.in\n"
        "-c limits.txt\n"
    )
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/others.in").write_text("polars\n--requirement=../more.txt\n")
    content = [
        "torch==2.0",
        "--extra-index-url https://example.com/cpu",
        "polars",
        f"-c {tmp_path / 'limits.txt'}",
    ]
    assert expand_files("more.txt", tmp_path) == content
    for item in ("more.txt", "-r more.txt", "--requirement=more.txt"):
        assert expand_files(["scipy", item], tmp_path) == ["scipy", *content]
    assert expand_files(["x @ git+https://me:pw@example.com/x.git"], tmp_path) == [
        "x @ git+https://example.com/x.git"
    ]
    over_ssh = "x @ git+ssh://git@example.com/x.git@main"
    assert expand_files([over_ssh], tmp_path) == [over_ssh]
    (tmp_path / "requirements.txt").write_text(f"{over_ssh}\n")
    assert over_ssh in requirements(tmp_path, [])


def test_of_models_inside(tmp_path: Path) -> None:
    """Requirements of MLflow models inside are added, where the project does not name them."""
    own = tmp_path / "own.txt"
    own.write_text(f"pandas\ncloudpickle=={version('cloudpickle')}\n")
    (tmp_path / "requirements.txt").write_text("mlflow\n")
    found = requirements(tmp_path, [], [own, tmp_path / "missing.txt"])
    assert found == [ALWAYS[1], f"pandas=={version('pandas')}", ALWAYS[2], ALWAYS[0]]


def test_the_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin is required where the carried code imports it and it is installed."""
    monkeypatch.setattr(
        metadata, "packages_distributions", lambda: {"mlflow_on_kedro": ["mlflow-on-kedro"]}
    )
    (tmp_path / "requirements.txt").write_text("mlflow-on-kedro\n")
    assert requirements(tmp_path, []) == ALWAYS
    assert requirements(tmp_path, ["mlflow_on_kedro"]) == ["mlflow-on-kedro", *ALWAYS]

"""The line of pyproject.toml because of which Kedro refuses a project."""

from __future__ import annotations

from kedro import __version__
from mlflow_on_kedro.commands.migrating.kedro_version import old_line, rewritten, value

OLD = """\
[tool.isort]
project_version = "0"

[tool.kedro]
package_name = "p"
project_name = "P"
kedro_init_version = "0.18.14"  # made
source_dir = "code"

[tool.kedro_datasets]
x = 1
"""


def test_the_version() -> None:
    """It becomes that of the installed Kedro; all else stays."""
    assert old_line(OLD) == 'kedro_init_version = "0.18.14"  # made'
    found = rewritten(OLD)
    assert found.text == OLD.replace("0.18.14", __version__)
    assert found.findings == []
    assert rewritten(found.text).text == found.text
    windows = OLD.replace("\n", "\r\n")
    assert rewritten(windows).text == windows.replace("0.18.14", __version__)
    assert (value(OLD, "source_dir"), value(OLD, "tools", "none")) == ("code", "none")


def test_the_older_key() -> None:
    """It has another name now, and may not stand beside the new one."""
    new = OLD.replace("0.18.14", __version__)
    key = OLD.replace('kedro_init_version = "0.18.14"', 'project_version = "0.17.7"')
    assert rewritten(key).text == new
    both = OLD.replace("source_dir", "project_version = '0.18.14'\nsource_dir")
    assert rewritten(both).text == new


def test_keys_that_kedro_refuses() -> None:
    """They are named, because nobody knows who uses them."""
    text = OLD.replace("source_dir", "extra = 1\nsource_dir").replace(
        "[tool.kedro_datasets]", "[tool.kedro.micropkg.package]"
    )
    found = rewritten(text).findings
    assert [(line, message.partition("refuses ")[2]) for line, message in found] == [
        (8, "'extra' in [tool.kedro]: take it out"),
        (11, "'micropkg' in [tool.kedro]: take it out"),
    ]


def test_a_project_of_today() -> None:
    """It stays; so does one that is newer than the installed Kedro, or has no version."""
    for version in (__version__, "999.1", "x"):
        text = OLD.replace("0.18.14", version)
        assert (old_line(text), rewritten(text).text) == (None, text)
    assert rewritten("[project]\n").text == "[project]\n"

"""``kedro/environment.json``: the command, code, Python, platform and hardware of a run.

For example::

    {
      "format": 1,
      "command": "kedro run --pipeline=train",
      "kedro": {"version": "1.7.0", "pipeline": "train", "env": null, "conf_source": null, ...},
      "git": {"commit": "4f1c…", "branch": "main", "remote": "https://…", "dirty": true,
              "untracked": ["notes.txt"], "untracked_more": 0, "root": "services/wine",
              "diff_cut": false, "diff_masked": false, "not_in_diff": {"a.png": "binary"},
              "problem": null},
      "python": {"version": "3.11.7", "implementation": "cpython"},
      "platform": {"system": "linux", "release": "6.1.0", "machine": "x86_64"},
      "hardware": {"cpu": "…", "cores": 8, "memory_bytes": 33554432000,
                   "gpus": [{"name": "NVIDIA L4", "memory_bytes": 24152899584, "driver": "550.5"}]}
    }

``root`` is the project's folder inside the repository, ``not_in_diff`` the changed files that
``kedro/code.diff.txt`` leaves out, and ``problem`` what git has said if there is no commit or diff.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import sysconfig
from collections.abc import Mapping
from typing import Any

from .code_diff import CodeDiff
from .git_state import GitState

FORMAT = 1


def environment_text(
    command: str,
    kedro: Mapping[str, Any],
    git: GitState,
    diff: CodeDiff,
    hardware: Mapping[str, Any],
) -> str:
    """Write ``kedro/environment.json``.

    Args:
        command: The command that repeats the run.
        kedro: What Kedro has run: pipeline, environment and so on.
        git: The state of the code.
        diff: How it differs from the commit, as far as that is logged.
        hardware: The machine: see :func:`.hardware.describe`.
    """
    content = {
        "format": FORMAT,
        "command": command,
        "kedro": kedro,
        "git": _git(git, diff),
        "python": {
            "version": platform.python_version(),
            "implementation": sys.implementation.name,
        },
        "platform": _platform(),
        "hardware": hardware,
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _git(git: GitState, diff: CodeDiff) -> dict[str, Any]:
    return {
        "commit": git.commit,
        "branch": git.branch,
        "remote": git.remote,
        "dirty": git.is_dirty,
        "untracked": list(git.untracked),
        "untracked_more": git.untracked_more,
        "root": git.root,
        "diff_cut": diff.is_cut,
        "diff_masked": diff.is_masked,
        "not_in_diff": diff.left_out,
        "problem": git.problem or diff.problem,
    }


def _platform() -> dict[str, str]:
    # Most functions of the module `platform` start a process, or ask Windows' slow WMI.
    machine = sysconfig.get_platform().rpartition("-")[2]
    if sys.platform == "win32":
        version = sys.getwindowsversion()
        release = f"{version.major}.{version.minor}.{version.build}"
    else:
        release = os.uname().release
    return {"system": sys.platform, "release": release, "machine": machine}

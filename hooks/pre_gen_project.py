"""Refuses bad names once more: ``cookiecutter --replay`` takes them from a file, unchecked."""
# ruff: noqa: F821 - cookiecutter replaces the names in double braces

import runpy
import sys
from pathlib import Path

names = runpy.run_path(str(Path({{template_root | quoted}}, "hooks", "names.py")))
message = names["refusal"](
    {{cookiecutter.project_name | quoted}},
    {{cookiecutter.repo_name | quoted}},
    {{cookiecutter.python_package | quoted}},
)
if message:
    sys.exit(message)

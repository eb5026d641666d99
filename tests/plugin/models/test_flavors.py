"""models/flavors.py: flavors of MLflow and of others, and what they are called with."""

from __future__ import annotations

import logging
import sys
import textwrap
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import mlflow
import pytest
from kedro.io import DatasetError
from mlflow.pyfunc import PyFuncModel
from mlflow_on_kedro import MLflowModelDataset
from mlflow_on_kedro.models import flavors
from mlflow_on_kedro.models.flavor_table import flavor_of
from mlflow_on_kedro.models.flavors import check_flavor, find_flavor, with_defaults

SCALE = '''
"""A flavor of somebody's own, made as MLflow's documentation shows it."""

import json
from pathlib import Path

import mlflow.artifacts
from mlflow import pyfunc
from mlflow.models import Model


class Scale:
    def __init__(self, factor):
        self.factor = factor

    def predict(self, data, params=None):
        return data * self.factor


def save_model(scale, path, mlflow_model=None, signature=None, factor_name="factor"):
    folder = Path(path)
    folder.mkdir()
    (folder / "scale.json").write_text(json.dumps({factor_name: scale.factor}))
    model = mlflow_model or Model()
    model.add_flavor("scale", data="scale.json")
    pyfunc.add_to_model(model, loader_module=__name__, data="scale.json")
    model.save(str(folder / "MLmodel"))


def load_model(model_uri, factor_name="factor"):
    folder = mlflow.artifacts.download_artifacts(model_uri)
    return Scale(json.loads((Path(folder) / "scale.json").read_text())[factor_name])


def _load_pyfunc(path):
    return Scale(json.loads(Path(path).read_text())["factor"])
'''
LOADER = '''
"""A module that MLflow's pyfunc loads a model with."""

from pathlib import Path


def _load_pyfunc(path):
    factor = float(Path(path).read_text())
    return type("Scale", (), {"predict": lambda self, data, params=None: data * factor})()
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], ModuleType]:
    """A function: a module's path and its text -> the module, which can be imported."""

    def make(name: str, text: str) -> ModuleType:
        file = tmp_path / "code" / Path(*name.split(".")).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path / "code"))
        for place in range(1, name.count(".") + 2):
            monkeypatch.delitem(sys.modules, ".".join(name.split(".")[:place]), raising=False)
        return __import__(name, fromlist=["_"])

    return make


class TestOthers:
    """Modules that save and load models like MLflow's flavors."""

    @pytest.mark.parametrize("name", ["my_package.flavors.scale", "my_scale_flavor"])
    def test_a_model(self, module: Any, active: Any, tmp_path: Path, name: str) -> None:
        """It is saved, and loaded from the folder and the run, natively and as pyfunc."""
        scale = module(name, SCALE).Scale(3)
        dataset = MLflowModelDataset(name, tmp_path / "m", "model")
        dataset.check()
        dataset.save(scale)
        assert dataset.load().factor == 3
        source = {"dataset_name": "model", "run_id": active.info.run_id}
        assert MLflowModelDataset(name, **source).load().factor == 3
        assert type(MLflowModelDataset(**source).load()) is type(scale)
        loaded = MLflowModelDataset(**source, pyfunc=True).load()
        assert isinstance(loaded, PyFuncModel)
        assert loaded.predict(2) == 6

    def test_its_arguments(self, module: Any, tmp_path: Path) -> None:
        """They go to its functions; those that it does not take are not made up."""
        scale = module("my_package.scale", SCALE).Scale(3)
        named = {"factor_name": "by"}
        dataset = MLflowModelDataset(
            "my_package.scale", tmp_path / "m", save_args=named, load_args=named
        )
        dataset.save(scale)
        assert dataset.load().factor == 3

    def test_of_mlflow_by_their_module(self) -> None:
        """`mlflow.sklearn` is `sklearn`."""
        assert find_flavor("mlflow.sklearn") is find_flavor("sklearn") is mlflow.sklearn

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("no_such.flavor", "There is no flavor 'no_such.flavor': no such module"),
            ("sklearn.no_such", "There is no flavor 'sklearn.no_such': no such module"),
            ("json.decoder", "json.decoder is no flavor: it has no save_model"),
            ("xgbost", r"MLflow has none, .* Did you mean 'xgboost'\?"),
            ("../evil", "no name of a flavor: give one of MLflow, such as sklearn, or the path"),
            ("", "'' is no name of a flavor"),
            (3, "3 is no name of a flavor"),
        ],
    )
    def test_mistakes(self, name: Any, message: str) -> None:
        """The message says what was looked for, before a model is trained."""
        with pytest.raises(DatasetError, match=message):
            check_flavor(name)

    def test_one_that_cannot_be_imported(self, module: Any) -> None:
        """What is wrong in it is said, or what it needs."""
        with pytest.raises(ZeroDivisionError):
            module("broken_flavor", "1 / 0")
        with pytest.raises(DatasetError, match=r"'broken_flavor' cannot be imported: ZeroDivision"):
            check_flavor("broken_flavor")
        with pytest.raises(ModuleNotFoundError):
            module("lacking_flavor", "import no_such_package")
        with pytest.raises(DatasetError, match="pip install no_such_package"):
            check_flavor("lacking_flavor")


class TestLoaderModules:
    """A module that loads the model, as MLflow's pyfunc takes it beside models in Python."""

    @pytest.mark.parametrize("by", ["module", "path"])
    def test_a_model(self, module: Any, active: Any, tmp_path: Path, by: str) -> None:
        """The node gives the module or its path; `data_path` is the file that it loads."""
        loader = module("my_package.loader", LOADER)
        data = tmp_path / "factor.txt"
        data.write_text("3", encoding="utf-8")
        dataset = MLflowModelDataset(
            None if by == "module" else "pyfunc",
            tmp_path / "m",
            "model",
            save_args={"data_path": str(data)},
        )
        dataset.save(loader if by == "module" else "my_package.loader")
        data.unlink()
        assert dataset.load().predict(2) == 6
        again = MLflowModelDataset(dataset_name="model", run_id=active.info.run_id)
        assert again.load().predict(2) == 6

    def test_there_is_none(self, tmp_path: Path) -> None:
        """A path that leads nowhere would fail only when somebody loads the model."""
        dataset = MLflowModelDataset("pyfunc", tmp_path / "m")
        with pytest.raises(DatasetError, match=r"There is no module 'my_package\.lauder' to load"):
            dataset.save("my_package.lauder")

    def test_other_modules(self) -> None:
        """A module that loads nothing is no model."""
        with pytest.raises(DatasetError, match=r"for an object of type builtins\.module"):
            flavor_of(sys)


def flavor(name: str, **takes: Any) -> ModuleType:
    """A flavor of MLflow with a ``save_model`` of given arguments."""
    made = ModuleType(f"mlflow.{name}")
    namespace: dict[str, Any] = {}
    arguments = ", ".join(f"{argument}={value!r}" for argument, value in takes.items())
    exec(f"def save_model(model, path, {arguments}): pass", namespace)  # noqa: S102
    vars(made)["save_model"] = namespace["save_model"]
    return made


class TestFormats:
    """The format in which models are saved that the user did not choose."""

    @pytest.mark.parametrize(
        ("name", "chosen"),
        [("pytorch", "pickle"), ("sklearn", "cloudpickle"), ("lightgbm", "cloudpickle")],
    )
    def test_one_that_holds_any_model(
        self, name: str, chosen: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """MLflow's own needs an example, or refuses the user's own classes."""
        takes = flavor(name, serialization_format=None)
        assert with_defaults(takes, None, {}) == {"serialization_format": chosen}
        given = {"serialization_format": "pt2"}
        assert with_defaults(takes, None, given) == given
        monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
        assert with_defaults(takes, None, {}) == {}

    def test_older_and_other_ways(self) -> None:
        """An MLflow without formats is not given one, nor who exports the model."""
        assert with_defaults(flavor("pytorch", pickle_module=None), None, {}) == {}
        given = {"export_model": True}
        takes = flavor("pytorch", export_model=False, serialization_format=None)
        assert with_defaults(takes, None, given) == given

    def test_mlflows_caution(self, caplog: pytest.LogCaptureFixture) -> None:
        """It is not said of a format that nobody chose."""
        logger = logging.getLogger("mlflow.pytorch")
        caution = "Saving pytorch model by Pickle or CloudPickle format requires exercising caution"
        with flavors.saving_quietly({}):
            logger.warning(caution)
            logger.warning("another")
        with flavors.saving_quietly({"serialization_format": "pickle"}):
            logger.warning(caution)
        assert caplog.messages == ["another", caution]

    def test_mlflows_caution_as_a_warning(self, recwarn: pytest.WarningsRecorder) -> None:
        """Nor where MLflow gives it as a warning of Python's."""
        with flavors.saving_quietly({}):
            warnings.warn(
                "Saving m in the pickle format requires exercising caution", FutureWarning, 2
            )
        assert not recwarn.list

    def test_an_environment_without_pip(self, caplog: pytest.LogCaptureFixture) -> None:
        """MLflow's warning of it is not shown, since the requirements name pip's packages."""
        logger = logging.getLogger("mlflow.utils.environment")
        with flavors.saving_quietly({"serialization_format": "pickle"}):
            logger.warning("Failed to resolve installed pip version. ``pip`` will be added")
            logger.warning("another")
        assert caplog.messages == ["another"]

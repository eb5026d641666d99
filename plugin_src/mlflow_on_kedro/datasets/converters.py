"""What is made of a value before it is written: the form that its dataset takes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kedro.io import DatasetError

from ..journal import values

if TYPE_CHECKING:
    import pandas as pd


def image(array: Any) -> Any:
    """Turn a NumPy array into an image: integers 0 to 255, floats 0 to 1, or booleans."""
    from PIL import Image

    white = 255
    scaled = array * (white if array.dtype.kind in "bf" else 1)
    if scaled.size and not (scaled.min() >= 0 and scaled.max() <= white):
        raise DatasetError(
            f"an array of {array.dtype} from {array.min()} to {array.max()} is no image: "
            "integers must lie between 0 and 255, floats between 0 and 1"
        )
    return Image.fromarray(scaled.round().astype("uint8"))


def json_lines(rows: Iterable[Any]) -> str:
    r"""Write each row as a line of JSON.

    Example:
        >>> json_lines([{"a": 1}, {"a": 2}])
        '{"a": 1}\n{"a": 2}\n'
    """
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def svg_page(figure: Any) -> str:
    """Draw a Matplotlib figure into an HTML page, which the MLflow UI shows as it is."""
    drawing = io.StringIO()
    figure.savefig(drawing, format="svg")
    svg = drawing.getvalue()
    return (
        '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n'
        f"{svg[svg.index('<svg') :]}</body></html>\n"
    )


def as_page(draw: Callable[..., Any]) -> Callable[..., str]:
    """Have what draws a figure give an HTML page of it."""
    return lambda value, **given: svg_page(draw(value, **given))


def table(value: Any) -> pd.DataFrame:
    """Turn a Polars frame or a dict of lists into a pandas frame; a dict of values is one row."""
    import pandas as pd

    columns = dict(value) if isinstance(value, Mapping) else value.to_dict(as_series=False)
    has_lists = any(
        hasattr(column, "__len__") and not isinstance(column, str) for column in columns.values()
    )
    try:
        return pd.DataFrame(columns if has_lists or not columns else [columns])
    except ValueError as error:
        raise DatasetError(f"a dict of lists is no table: {error}") from error


def plain_tree(value: Any) -> Any:
    """Leave only what JSON and YAML have a type for; all else is written as text.

    NumPy's numbers and arrays become Python's, tuples and sets lists.

    Example:
        >>> plain_tree({"size": (1, 2), "names": {"b", "a"}})
        {'size': [1, 2], 'names': ['a', 'b']}
    """
    value = values.plain(value)
    if isinstance(value, Mapping):
        return {_plain_key(key): plain_tree(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return [plain_tree(item) for item in sorted(value, key=str)]
    if isinstance(value, list | tuple):
        return [plain_tree(item) for item in value]
    if callable(getattr(value, "tolist", None)):
        return plain_tree(value.tolist())
    return value if value is None or isinstance(value, _HAVE_A_TYPE) else str(value)


def _plain_key(key: Any) -> Any:
    key = values.plain(key)
    return key if key is None or isinstance(key, _HAVE_A_TYPE) else str(key)


_HAVE_A_TYPE = (str, bool, int, float)

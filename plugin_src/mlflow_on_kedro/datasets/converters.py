"""Converters of a value into what the Kedro dataset takes, such as an array into an image."""

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
    """Convert a NumPy array into an image.

    Args:
        array: Integers from 0 to 255, floats from 0 to 1, or booleans; its third dimension, if it
            has one, is of colours, of which there may be one.

    Raises:
        DatasetError: A value is outside of that range.
    """
    from PIL import Image

    white = 255
    scaled = array * (white if array.dtype.kind in "bf" else 1)
    if scaled.size and not (scaled.min() >= 0 and scaled.max() <= white):
        raise DatasetError(
            f"an array of {array.dtype} from {array.min()} to {array.max()} is no image: "
            "integers must lie between 0 and 255, floats between 0 and 1"
        )
    if scaled.ndim == 3 and scaled.shape[2] == 1:  # noqa: PLR2004 - one colour, unknown to Pillow
        scaled = scaled[:, :, 0]
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
    """Wrap a function that draws a Matplotlib figure: the result is an HTML page."""
    return lambda value, **options: svg_page(draw(value, **options))


def table(value: Any) -> pd.DataFrame:
    """Convert a Polars frame or a dict of lists into a pandas frame; a dict of values is one row.

    Raises:
        DatasetError: The lists have different lengths.
    """
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
    """Convert a value into types of JSON and YAML; a value of any other type becomes a text.

    NumPy's numbers and arrays become Python's, tuples and sets become lists.

    Example:
        >>> plain_tree({"size": (1, 2), "names": {"b", "a"}})
        {'size': [1, 2], 'names': ['a', 'b']}
    """
    value = values.plain(value)
    if isinstance(value, Mapping):
        return {_plain_scalar(key): plain_tree(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return [plain_tree(item) for item in sorted(value, key=str)]
    if isinstance(value, list | tuple):
        return [plain_tree(item) for item in value]
    if callable(getattr(value, "tolist", None)):
        return plain_tree(value.tolist())
    return _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    value = values.plain(value)
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)

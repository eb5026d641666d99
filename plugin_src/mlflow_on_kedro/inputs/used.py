"""Describes a dataset that a pipeline reads from outside, for MLflow's "Datasets used"."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..journal.entries import Input
from ..utils.pipeline_info import untranscoded
from ..utils.secrets import mask_urls
from .digest import fingerprint, of_source
from .schema import Shape, shape_of
from .source import MAX_LENGTH, code_source, source_of

if TYPE_CHECKING:
    from ..datasets.formats import AnyDataset

ResultT = TypeVar("ResultT")

logger = logging.getLogger(__name__)

MAX_NAME_LENGTH = 500
"""MLflow's limit for the name of a dataset and the value of its tags, in characters."""
DIGEST_LENGTH = 16
# Sources that the MLflow UI shows, or that need not be shown. Others go into the profile, which it
# shows too.
_SHOWN = {"code", "local", "s3", "http"}


def used(
    name: str, dataset: AnyDataset, data: Any, *, context: str, root: Path, max_bytes: int
) -> Input | None:
    """Describe a dataset that a node has just loaded.

    Args:
        name: The dataset's name in the catalog.
        dataset: The dataset.
        data: The loaded data; nothing is loaded again.
        context: What the data are used for.
        root: The project's root.
        max_bytes: How much of local files is read for the digest.

    Returns:
        None for a value in memory that is neither a table nor an array.
    """
    source = _try(name, lambda: source_of(dataset, data, root)) or code_source(dataset)
    shape = _try(name, lambda: shape_of(data)) or Shape()
    if source.in_memory and shape.schema is None:
        return None
    found = _try(name, lambda: fingerprint(source, data, max_bytes)) or of_source(source)
    content = json.dumps(dict(source.content))
    # MLflow keeps the first record of a name and digest in an experiment, so the digest must also
    # change with the source and the columns.
    identity = json.dumps([source.kind, content, shape.schema, found.value])
    profile = {**shape.profile, "digest_of": found.of}
    if source.partitions is not None:
        profile["partitions"] = len(source.partitions)
    if found.size is not None:
        profile["size_bytes"] = found.size
    if found.is_checksum:
        profile["sha256"] = found.value
    if source.kind not in _SHOWN:
        profile["source"] = " ".join(map(str, source.content.values()))
    return Input(
        name=untranscoded(name)[:MAX_NAME_LENGTH],
        digest=hashlib.sha256(identity.encode()).hexdigest()[:DIGEST_LENGTH],
        source_type=source.kind,
        source=content[:MAX_LENGTH],
        schema=shape.schema or "",
        profile=json.dumps(profile),
        context=context[:MAX_NAME_LENGTH],
    )


def _try(name: str, describe: Callable[[], ResultT]) -> ResultT | None:
    """Call a function; None if it fails, as it may for a dataset of any class."""
    try:
        return describe()
    except Exception as error:
        logger.debug("'%s' cannot be described in full: %s", name, mask_urls(str(error)))
        return None

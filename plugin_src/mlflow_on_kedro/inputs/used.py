"""What a pipeline takes from outside -> an entry for MLflow's "Datasets used"."""

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
from .source import MAX_LENGTH, source_of, source_of_code

if TYPE_CHECKING:
    from ..datasets.formats import AnyDataset

ResultT = TypeVar("ResultT")

logger = logging.getLogger(__name__)

MAX_NAME_LENGTH = 500
"""MLflow's limit for the name of a dataset and the value of its tags, in characters."""
DIGEST_LENGTH = 16
# Sources that MLflow's UI shows, or that say little; others are put where it shows them, too.
_SHOWN = {"code", "local", "s3", "http"}


def used(
    name: str, dataset: AnyDataset, data: Any, *, context: str, root: Path, max_bytes: int
) -> Input | None:
    """Describe a dataset that a node has just loaded.

    Args:
        name: The catalog's name of it.
        dataset: The dataset.
        data: What it gave; nothing is loaded again.
        context: What it is used for.
        root: The project's root.
        max_bytes: How much of its files is read for the digest.

    Returns:
        None for a value in memory that is neither a table nor an array.
    """
    source = _tried(name, lambda: source_of(dataset, data, root)) or source_of_code(dataset)
    shape = _tried(name, lambda: shape_of(data)) or Shape()
    if source.in_memory and shape.schema is None:
        return None
    found = _tried(name, lambda: fingerprint(source, data, max_bytes)) or of_source(source)
    written = json.dumps(dict(source.content))
    # MLflow keeps the first record of a name and digest in an experiment: data from another place,
    # or with other columns, must have another one to be shown as they are.
    identity = json.dumps([source.kind, written, shape.schema, found.value])
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
        source=written[:MAX_LENGTH],
        schema=shape.schema or "",
        profile=json.dumps(profile),
        context=context[:MAX_NAME_LENGTH],
    )


def _tried(name: str, describe: Callable[[], ResultT]) -> ResultT | None:
    """Describe a dataset of whatever make; what it cannot say of itself is left out."""
    try:
        return describe()
    except Exception as error:
        logger.debug("'%s' cannot be described in full: %s", name, mask_urls(str(error)))
        return None

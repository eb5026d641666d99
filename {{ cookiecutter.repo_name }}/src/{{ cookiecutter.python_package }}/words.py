"""How texts are compared: by their words."""

import re


def words(text: str) -> set[str]:
    """Find the words of a text by their beginnings, so that "stops" is like "stop".

    Args:
        text: Any text.

    Returns:
        The first five letters of each word that has at least four.
    """
    return {word[:5] for word in re.findall(r"\w{4,}", text.lower())}

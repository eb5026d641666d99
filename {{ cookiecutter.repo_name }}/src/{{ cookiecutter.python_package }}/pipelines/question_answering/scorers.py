"""What is a good answer: the catalog names these functions, which score each row."""

from typing import Any


def is_right(outputs: str, expectations: dict[str, Any]) -> bool:
    """Whether an answer has the phrase that was expected.

    Args:
        outputs: The answer.
        expectations: ``expected_response``: the phrase.
    """
    return str(expectations["expected_response"]).lower() in outputs.lower()


def is_quoted(inputs: dict[str, Any], outputs: str) -> bool:
    """Whether an answer stands in the passages word by word.

    Args:
        inputs: ``passages``: what the model was given.
        outputs: The answer.
    """
    return outputs in inputs["passages"]

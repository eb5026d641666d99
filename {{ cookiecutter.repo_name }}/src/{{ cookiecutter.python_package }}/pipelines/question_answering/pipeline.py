"""The pipeline ``question_answering``."""

from kedro.pipeline import Pipeline, node

from .nodes import answer_questions, find_passages, split_guide


def create_pipeline() -> Pipeline:
    """Connect the nodes by the names of their datasets."""
    return Pipeline(
        [
            node(split_guide, "guide", "passages", name="split_guide"),
            node(
                find_passages,
                ["questions", "passages", "params:retrieval"],
                "tasks",
                name="find_passages",
            ),
            node(
                answer_questions,
                ["tasks", "answer_prompt", "params:llm"],
                ["answers", "answered_by"],
                name="answer_questions",
            ),
        ]
    )

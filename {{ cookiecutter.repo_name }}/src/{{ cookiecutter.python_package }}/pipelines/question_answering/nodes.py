"""Nodes of the pipeline ``question_answering``."""

from collections import Counter
from math import log
from typing import Any

import pandas as pd

from ...chat import chat_model, fill
from ...words import words


def split_guide(guide: str) -> list[str]:
    """Split a text into passages.

    Args:
        guide: Markdown.

    Returns:
        Each section: its heading, and the text below it in one line.
    """
    _, *sections = guide.split("\n## ")
    return [" ".join(section.replace("\n\n", ": ", 1).split()) for section in sections]


def find_passages(
    questions: pd.DataFrame, passages: list[str], retrieval: dict[str, Any]
) -> pd.DataFrame:
    """Find the passages that may answer each question: those that share rare words with it.

    Args:
        questions: One question a row, in the column ``question``.
        passages: What ``split_guide`` returned.
        retrieval: ``passages``: how many passages each question gets.

    Returns:
        The questions, with the column ``passages``: the best ones, one a line.
    """
    found = [words(passage) for passage in passages]
    counts = Counter(word for each in found for word in each)

    def best(question: str) -> str:
        asked = words(question)
        scores = [sum(log(len(found) / counts[word]) for word in asked & each) for each in found]
        order = sorted(range(len(passages)), key=lambda number: -scores[number])
        return "\n\n".join(passages[number] for number in order[: retrieval["passages"]])

    return questions.assign(passages=questions["question"].map(best))


def answer_questions(
    tasks: pd.DataFrame, prompt: list[dict[str, str]], llm: dict[str, Any]
) -> tuple[pd.DataFrame, str]:
    """Let a language model answer each question.

    Args:
        tasks: What ``find_passages`` returned.
        prompt: Messages with the variables ``passages`` and ``question``.
        llm: Arguments of ``chat_model``.

    Returns:
        The tasks, with the column ``answer``, and the name of the model.
    """
    with chat_model(**llm) as model:
        answers = [
            model.answer(fill(prompt, passages=task.passages, question=task.question))
            for task in tasks.itertuples()
        ]
    return tasks.assign(answer=answers), model.name

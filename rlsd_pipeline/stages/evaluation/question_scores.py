"""The score of each question, for paired comparisons of policies."""

from rlsd_pipeline.artifacts import Artifact
from schemas import QuestionScore


def read_question_scores(scores: Artifact) -> dict[str, float]:
    """Question, or group of questions -> what it contributes to the score."""
    table = scores.table(QuestionScore, ["unit_id", "score"])
    return dict(zip(table["unit_id"].to_pylist(), table["score"].to_pylist(), strict=True))


def read_question_clusters(scores: Artifact) -> dict[str, str]:
    """Question, or group of questions -> what it is not independent of."""
    table = scores.table(QuestionScore, ["unit_id", "cluster"])
    return dict(zip(table["unit_id"].to_pylist(), table["cluster"].to_pylist(), strict=True))

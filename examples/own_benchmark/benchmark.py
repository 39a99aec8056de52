"""A dozen questions about coloured shapes, whose answers may have several names."""

from rlsd_pipeline.evaluation.benchmark import Benchmark, Row
from schemas import Problem


class Shapes(Benchmark):
    """Colour or shape of what is in the picture; the gold answers are separated by `or`."""

    columns = {"id": "text", "kind": "text", "question": "text", "answer": "text"}
    images = ("image",)
    labels = ("kind",)

    synonyms: bool = True
    """Accept every name of the answer, and not the first alone."""

    def read(self, row: Row) -> Problem:
        """A row of `questions.jsonl`."""
        return Problem(
            problem_id=row["id"],
            split=self.split,
            question=row["question"],
            images=[],
            answer=row["answer"],
            solution=None,
            choices=[],
            attributes={"kind": row["kind"]},
        )

    def prompt(self, problem: Problem) -> str:
        """The question alone, as in training."""
        return problem.question

    def compare(self, answer: str, problem: Problem) -> bool:
        """Whether an answer is one of the names."""
        names = problem.answer.split(" or ")
        return answer.strip().lower() in (names if self.synonyms else names[:1])

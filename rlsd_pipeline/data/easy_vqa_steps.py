"""Judges the steps of a response to an easy-VQA question: perceive, compare, negate.

Each step is judged given what the response itself said before: a comparison is right if it follows
from the colour and shape the response named, and the negation if the answer follows from the
relation the response stated.
"""

import re

from schemas import Problem

_PERCEIVED = re.compile(r"\ba (\w+) (\w+)\.")
_RELATION = re.compile(r"\b(same|different)\b")


def easy_vqa_steps(completion: str, extracted: str | None, problem: Problem) -> dict[str, str]:
    """The outcome of each step the question has: `right`, `wrong` or `missing`."""
    facts = problem.attributes
    perceived = _PERCEIVED.search(completion)
    seen = perceived.groups() if perceived else None
    steps = {"step:perceive": outcome(seen, (facts["colour"], facts["shape"]))}
    if facts["kind"] == "open":
        return steps
    relation = _RELATION.search(completion)
    stated = relation.group() if relation else None
    if seen is not None:
        steps["step:compare"] = outcome(stated, "same" if facts["asked"] in seen else "different")
    if stated is not None:
        affirms = (stated == "same") != (facts["kind"] == "negated")
        steps["step:negate"] = outcome(extracted, "yes" if affirms else "no")
    return steps


def outcome(found: object, right: object) -> str:
    """`right`, `wrong`, or `missing` where nothing was found."""
    if found is None:
        return "missing"
    return "right" if found == right else "wrong"

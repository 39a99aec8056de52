r"""The authors' rule of MathVision: reads and compares as evaluate.py and utils.py of MATH-V do."""

import re

from rlsd_pipeline.evaluation.benchmarks.mathvision_value import rounded_value
from schemas import Problem, Verdict

_ANNOUNCEMENTS = (
    *("the final answer is", "The final answer is", "the answer is", "The answer is"),
    *("the correct answer is", "The correct answer is"),
    *("the answer should be", "The answer should be"),
)
# One after the other: each may change the output of the one before.
_REPLACEMENTS = (
    *((" ", ""), (r"\,", ""), ("∞", r"\infty"), (r"+\infty", r"\infty"), (r"\\", "\\")),
    *(("\n", ""), (r"\text", ""), (r"\mbox", ""), ("bmatrix", "pmatrix")),
    *((r"\left", ""), (r"\right", ""), (r"^{\circ}", ""), (r"^\circ", "")),
    *(("{m}^3", ""), ("m^3", ""), ("{units}", ""), ("units", ""), ("{km}", ""), ("km", "")),
    *((r"\!", ""), (r"\\", "\\"), ("tfrac", "frac"), ("dfrac", "frac")),
    *((r"\left", ""), (r"\right", ""), (r"^{\circ}", ""), (r"^\circ", "")),
    *((r"\$", ""), ("$", "")),
)


class MathVisionRule:
    """The official rule of MathVision; where it runs `eval`, arithmetic is read here."""

    def extract(self, response: str, problem: Problem) -> str | None:
        """The cleaned answer; whatever the authors' code leaves of the response is one."""
        answer = clean(announced(response.strip()))
        for letter in "abcde":
            answer = answer.replace(f"({letter})", letter)
        for letter in "abcde":
            answer = answer.replace(f"{{{letter}}}", letter)
        return answer.rstrip(".").lstrip(":").strip() or None

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        """Right where it equals the gold answer or, of a choice, the text of the gold one."""
        golds = [problem.answer]
        if problem.choices:
            golds.append(problem.choices[ord(problem.answer) - ord("A")])
        right = any(is_equal(gold.lower(), answer.lower()) for gold in golds)
        return (Verdict.CORRECT if right else Verdict.INCORRECT), None


def is_equal(gold: str, answer: str) -> bool:
    """Equality of two answers in lower case: as text, by elements, or to two decimal places."""
    if not (gold.strip(" ") and answer.strip(" ")):
        return False
    if gold.strip() == answer.strip():
        return True
    if gold.count(",") == answer.count(","):
        gold, answer = evaluated_elements(gold), evaluated_elements(answer)
        if gold == answer:
            return True
    value = rounded_value(gold)
    # A gold answer without a value fails the comparison, whatever the answer is.
    return value is not None and value == rounded_value(answer)


def evaluated_elements(text: str) -> str:
    """A tuple or list in brackets with the value of each element; other text unchanged."""
    elements = text[1:-1].split(",")
    if len(elements) < 2 or (text[0], text[-1]) not in (("(", ")"), ("[", "]")):
        return text
    evaluated = []
    for element in elements:
        if "infty" in element or element in ("a", "-a"):
            evaluated.append(element)
        elif (value := rounded_value(element)) is not None:
            evaluated.append(str(value))
        else:
            return text
    return f"{text[0]}{','.join(evaluated)}{text[-1]}"


def announced(response: str) -> str:
    """The part of a response that the authors take for its answer, before it is cleaned."""
    for letter in "ABCDE":
        ends = response.endswith((f" {letter}.", f" ({letter})."))
        starts = (f"{letter}\n", f"({letter})\n", f"({letter}) {letter}\n")
        if ends or response.startswith(starts):
            response = letter
    tail = response.split("is ")[-1].rstrip(".")
    if _is_float(tail):
        response = tail
    if (boxes := response.count("oxed{")) > 1:
        return r"\boxed{" + response.rpartition("oxed{")[2]
    if boxes:
        return response
    for announcement in _ANNOUNCEMENTS:
        if announcement in response:
            response = response.rpartition(announcement)[2].strip()
            response = response.split("\n")[0].split(". ")[0]
        response = response.strip()
    return response


def clean(text: str) -> str:
    """The inside of a box, or the whole text, in lower case and without what means nothing."""
    text = _unboxed(text.lower().replace("{}", ""))
    text = text.split("=")[-1].split(r"\approx")[-1]
    for old, new in _REPLACEMENTS:
        text = text.replace(old, new)
    text = text.replace(r"\%", "").replace("{.", "{0.")
    if text.startswith("."):
        text = "0" + text
    for sign in ("=", r"\approx"):
        if text.count(sign) == 1:
            text = text.partition(sign)[2]
    if "sqrt" in text:
        text = _braced_fractions(_braced_roots(text))
    return r"\frac{1}{2}" if text == "0.5" else _as_fraction(text)


def _unboxed(text: str) -> str:
    """The text from the first box to the last brace, then up to an unmatched brace."""
    start, end = text.find("oxed{"), text.rfind("}")
    if start >= 0 and start + len("oxed{") <= end:
        text = text[start + len("oxed{") : end]
    closed, opened = text.find("}"), text.find("{")
    return text[:closed] if closed >= 0 and not 0 <= opened < closed else text


def _braced_roots(text: str) -> str:
    r"""`\sqrt3` as `\sqrt{3}`."""
    return re.sub(r"\\sqrt(?!\\sqrt)([^{])", r"\\sqrt{\1}", text, flags=re.DOTALL)


def _braced_fractions(text: str) -> str:
    r"""`\frac12` as `\frac{1}{2}`; the text as it is where a numerator or denominator lacks."""
    head, *parts = text.split(r"\frac")
    if any(not part.startswith("{") and len(part) < 2 for part in parts):
        return text
    return head + "".join(rf"\frac{_braced_fraction(part)}" for part in parts)


def _braced_fraction(part: str) -> str:
    if part.startswith("{"):
        return part
    denominator = part[1:] if part[1] == "{" else f"{{{part[1]}}}{part[2:]}"
    return f"{{{part[0]}}}{denominator}"


def _as_fraction(text: str) -> str:
    r"""`1/2` as `\frac{1}{2}`."""
    if match := re.fullmatch(r"(0|-?[1-9][0-9]{0,999})/(0|-?[1-9][0-9]{0,999})", text):
        return rf"\frac{{{match[1]}}}{{{match[2]}}}"
    return text


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

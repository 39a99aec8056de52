"""Responses that were made to hang, crash or take over the scoring process."""

import multiprocessing
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from rlsd_pipeline.evaluation.scored import Mode
from rlsd_pipeline.evaluation.scoring import Prediction, judge, settle
from rlsd_pipeline.verifiers.exact import ExactVerifier
from rlsd_pipeline.verifiers.extractions.final_answer import FinalAnswer
from rlsd_pipeline.verifiers.math import MathVerifier
from rlsd_pipeline.verifiers.mixed import MixedVerifier
from rlsd_pipeline.verifiers.multiple_choice import MultipleChoiceVerifier
from rlsd_pipeline.verifiers.verifier import Verifier
from schemas import Problem, Verdict
from tests.benchmark_fixtures import BENCHMARKS, LAYOUTS

SECONDS = 10.0
"""Deadlines are a second and less, and the machine may be busy; without them some never end."""

MODES: tuple[Mode, ...] = ("official", "robust")
NEVER = (Verdict.VERIFIER_ERROR, Verdict.CORRECT)

CODE = "__import__('pathlib').Path('{marker}').touch()"
HOSTILE = {
    "power tower": "9^{9^{9^9}}",
    "power tower in Python": "9**9**9**9",
    "factorial": "(10^8)!",
    "iterated factorial": "9!!!!",
    "five thousand braces": "{" * 5000 + "}" * 5000,
    "nested parentheses": "(" * 5000 + "1" + ")" * 5000,
    "nested lists": "[" * 5000 + "]" * 5000,
    "nested fractions": r"\frac{" * 3000,
    "code": CODE,
    "code in a list": f"[{CODE}]",
    "code in a command": rf"\text{{{CODE}}}",
    "format string": "{0.__class__.__init__.__globals__}" * 10,
    "ten megabytes of digits": "9" * 10_000_000,
    "longest response of digits": "9" * 99_000,
    "huge exponent": "1e999999999",
    "null bytes": "5\0\0" * 1000,
    "lone surrogates": "\ud800" * 1000,
    "blanks": " " * 95_000 + "x",
    "opened letters": "(A" * 40_000,
    "is is is": "is " * 30_000,
    "announcements": "the answer is " * 6_000,
    "boxes": r"\boxed{" * 12_000,
    "newlines": "\n" * 95_000 + "x",
    "elements": "(" + "1," * 45_000 + "1)",
    "sums": "1+" * 45_000 + "1",
    "Answers": "Answer" * 15_000,
    "thoughts": "<think>" * 10_000,
    "not a number": "nan",
    "infinity": "-inf",
}
WRAPPERS = ("{}", r"\boxed{{{}}}", 'The answer is "{}".', "<answer>{}</answer>", "<Answer>: <<{}>>")


def responses(marker: Path) -> dict[str, str]:
    """Every hostile text, bare and as the answer in each convention."""
    return {
        f"{name} in {wrapper}": wrapper.format(text.replace("{marker}", str(marker)))
        for name, text in HOSTILE.items()
        for wrapper in WRAPPERS
    }


def problems(name: str) -> list[Problem]:
    """One problem of each kind: with choices and without, and each type of answer."""
    asked: dict[object, Problem] = {}
    for part in LAYOUTS[name]().parts:
        for row in part.rows:
            problem = BENCHMARKS[name].read(row)
            kind = (bool(problem.choices), problem.attributes.get("answer_type"))
            asked.setdefault(kind, problem)
    return list(asked.values())


def settled_in_time(
    verify: Callable[[str, Problem], Verdict],
    asked: Sequence[Problem],
    tmp_path: Path,
    *,
    never: tuple[Verdict, ...] = NEVER,
) -> None:
    verify(r"\boxed{\sqrt{2}}", asked[-1])
    marker = tmp_path / "marker"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for problem in asked:
        sound = verify(problem.answer, problem)
        for name, response in responses(marker).items():
            start = time.perf_counter()
            verdict = verify(response, problem)
            assert time.perf_counter() - start < SECONDS, name
            assert verdict not in never, name
        assert verify(problem.answer, problem) is sound
    assert not marker.exists()
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    assert grown_kib < 512 * 1024


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_settles_every_hostile_response(name: str, mode: Mode, tmp_path: Path) -> None:
    rule = BENCHMARKS[name].rules[mode]()

    def verify(response: str, problem: Problem) -> Verdict:
        return judge(rule, problem, Prediction(problem.problem_id, response)).verdict

    # MathVista's authors take the nearest choice for whatever is none, which may be the right one.
    never = (Verdict.VERIFIER_ERROR,) if mode == "official" else NEVER
    settled_in_time(verify, problems(name), tmp_path, never=never)


EXTRACTION = FinalAnswer()


@pytest.mark.parametrize(
    "verifier",
    [
        ExactVerifier(extraction=EXTRACTION),
        MultipleChoiceVerifier(extraction=EXTRACTION),
        MathVerifier(extraction=EXTRACTION),
        MixedVerifier(extraction=EXTRACTION),
        MathVerifier(),
    ],
    ids=lambda verifier: f"{verifier.type} {verifier.extraction.type}",
)
def test_a_training_verifier_settles_every_hostile_response(
    verifier: Verifier, tmp_path: Path
) -> None:
    asked = [each for each in problems("mathvision") if each.choices or verifier.type != "exact"]

    def verify(response: str, problem: Problem) -> Verdict:
        return verifier.verify(response, problem).verdict

    settled_in_time(verify, asked[:1], tmp_path)


def verdicts(name: str, mode: Mode, asked: list[Problem], texts: list[str]) -> list[Verdict]:
    known = {problem.problem_id: problem for problem in asked}
    predictions = [Prediction(problem_id, text) for problem_id in known for text in texts]
    return [
        each.verdict
        for each in settle(BENCHMARKS[name].model_copy(update={"mode": mode}), known, predictions)
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", BENCHMARKS)
def test_threads_and_processes_give_the_same_verdicts(name: str, mode: Mode) -> None:
    asked = problems(name)
    sound = [f"Answer: {problem.answer}" for problem in asked]
    sound += [rf"so \boxed{{{problem.answer}}}" for problem in asked]
    texts = [*sound, r"\boxed{9^{9^{9^9}}}", "B", "(A)", "7", r"\boxed{\frac{3}{4}}", "no idea"]
    expected = verdicts(name, mode, asked, texts)
    with ThreadPoolExecutor(3) as threads:
        jobs = [threads.submit(verdicts, name, mode, asked, texts) for _ in range(3)]
        assert [job.result() for job in jobs] == [expected] * 3
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as processes:
        assert processes.submit(verdicts, name, mode, asked, texts).result() == expected

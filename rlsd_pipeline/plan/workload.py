"""Prompts, responses and passes of one iteration of an arm."""

from dataclasses import dataclass, replace

from rlsd_pipeline.config.experiment import Arm, ExperimentConfig
from rlsd_pipeline.config.hardware import AssumptionsConfig
from rlsd_pipeline.config.teacher import LiveTeacher
from rlsd_pipeline.config.token_values import Places, SpreadPlaces
from rlsd_pipeline.credit import columns

TEACHER = "teacher"
"""Begins the name of each pass that a teacher makes."""


@dataclass(frozen=True)
class Pass:
    """One reading of a table of responses, each prompt once for all responses that share it.

    Attributes:
        name: What it gives.
        prompts: Distinct prompts.
        prompt_tokens: Tokens of a prompt with its image, on average.
        image_tokens: Tokens of the image among them.
        responses: All of them.
        response_tokens: Tokens of a response, on average.
    """

    name: str
    prompts: int
    prompt_tokens: int
    image_tokens: int
    responses: int
    response_tokens: int


@dataclass(frozen=True)
class Workload:
    """The prompts, tokens and passes of an iteration.

    Attributes:
        plain: The responses behind the student's prompts: what is sampled and learnt from.
        scoring: The passes of the `logprobs` stage.
        longest_prompt: Tokens of the longest prompt of the student.
        longest_teacher_prompt: The same of the teacher, 0 where there is none.
        longest_response: Tokens of the longest response.
        values: The states of the responses with their continuations; None of a method that does not
            read what tokens were worth.
    """

    plain: Pass
    scoring: tuple[Pass, ...]
    longest_prompt: int
    longest_teacher_prompt: int
    longest_response: int
    values: Pass | None = None


def workload(experiment: ExperimentConfig, arm: Arm) -> Workload:
    """The expected lengths, and the longest that are allowed.

    A teacher's prompt is the student's plus the privileged context: a solution has its expected
    length, a sibling that of a response. A group has at most two distinct contexts with a sibling,
    and one with a verdict for each response.
    """
    sampling, expected = experiment.sampling, experiment.assumptions
    response_tokens = expected.response_tokens or sampling.max_tokens
    prompt_tokens = expected.prompt_tokens or sampling.max_prompt_tokens
    responses = sampling.prompts * sampling.group_size

    def read(name: str, prompts: int, more: int) -> Pass:
        return Pass(
            name,
            prompts,
            prompt_tokens + more,
            expected.image_tokens,
            responses,
            response_tokens,
        )

    plain = read("student", sampling.prompts, 0)
    scoring, longest = [plain], 0
    if arm.shows_privileged:
        more, most = arm.privileged.more_tokens(sampling, expected)
        scoring.append(read(TEACHER, arm.privileged.distinct_prompts(sampling), more))
        longest = sampling.max_prompt_tokens + most
        # A teacher with other weights is also run without the privileged context: the control.
        drifts = columns.TEACHER in arm.columns and not isinstance(arm.teacher, LiveTeacher)
        if drifts and not arm.privileged.is_nothing:
            scoring.append(read(f"{TEACHER}, plain", sampling.prompts, 0))
    for name in _beside_siblings(experiment, arm):
        # The first of the group, and the second for the first itself.
        scoring.append(read(name, 2 * sampling.prompts, response_tokens))
        longest = max(longest, sampling.max_prompt_tokens + sampling.max_tokens)
    for name in sorted(arm.columns & columns.ALTERED):
        scoring.append(read(name.removesuffix("_logprobs").replace("_", " "), sampling.prompts, 0))
    if columns.BASE in arm.columns:
        scoring.append(read("base model", sampling.prompts, 0))
    values = _values(arm, plain, expected) if arm.weighting.reads_values else None
    return Workload(
        plain,
        tuple(scoring),
        longest_prompt=sampling.max_prompt_tokens,
        longest_teacher_prompt=longest,
        longest_response=sampling.max_tokens,
        values=values,
    )


def _beside_siblings(experiment: ExperimentConfig, arm: Arm) -> list[str]:
    """The passes of the teacher that sees a correct or a wrong response of the group."""
    most = min(experiment.contexts.wrong_siblings, experiment.sampling.group_size - 1)
    single = int(columns.WRONG_SIBLING in arm.columns)
    wrong = most if columns.WRONG_SIBLINGS in arm.columns else single
    correct = [f"{TEACHER}, correct sibling"] if columns.CORRECT_SIBLING in arm.columns else []
    return correct + [f"{TEACHER}, wrong sibling {k + 1}" for k in range(wrong)]


def _values(arm: Arm, plain: Pass, expected: AssumptionsConfig) -> Pass:
    """Every state as a prompt of its own, in the middle of a response on average.

    Prefixes that responses share would be one state; how many do is not known before.
    """
    declared = arm.token_values
    states = plain.responses * _places(declared.places, plain.response_tokens, expected)
    states = min(states, declared.max_states or states)
    before = plain.response_tokens // 2
    return replace(
        plain,
        name="token values",
        prompts=states,
        prompt_tokens=plain.prompt_tokens + before,
        responses=states * declared.continuations,
        response_tokens=plain.response_tokens - before,
    )


def _places(places: Places, response_tokens: int, expected: AssumptionsConfig) -> int:
    """States of one response."""
    if isinstance(places, SpreadPlaces):
        return min(places.per_response, response_tokens)
    return response_tokens if places == "all" else -(-response_tokens // expected.step_tokens)

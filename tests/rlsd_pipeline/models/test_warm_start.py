import math
import random
import re
from collections.abc import Iterator

import pytest
import torch

from rlsd_pipeline.config.model import DemonstrationNoise, TinyQwen3VL, WarmStartConfig
from rlsd_pipeline.config.prompts import PromptsConfig
from rlsd_pipeline.data import easy_vqa
from rlsd_pipeline.data.demonstrations import Demonstration
from rlsd_pipeline.data.easy_vqa import Question
from rlsd_pipeline.data.easy_vqa_demonstrations import EasyVQADemonstrations
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.warm_start import demonstration_loss, warm_start

PROMPTS = PromptsConfig(
    student="{question}",
    answer_reference="{question} ANSWER: {answer}",
    solution_reference="{question} SOLUTION: {solution}",
)
NOISE = DemonstrationNoise()
CLEAN = DemonstrationNoise(wrong_comparison=0, wrong_negation=0)
ROUNDS = 6000
RESPONSE = re.compile(r"<think>(the reference says (\w+)\. )?(.*)</think><answer>(\w+)</answer>")


def demonstrations(
    noise: DemonstrationNoise, count: int = ROUNDS, seed: int = 0
) -> Iterator[tuple[Question, Demonstration]]:
    shown = EasyVQADemonstrations(200)
    pool = shown.questions(seed=0)
    rng = random.Random(seed)
    for _ in range(count):
        question = rng.choice(pool)
        yield question, shown.demonstrate(question, noise, PROMPTS, rng)


def parts(response: str) -> tuple[str | None, str, str]:
    """The answer mentioned, the reasoning and the final answer."""
    found = RESPONSE.fullmatch(response)
    assert found is not None, response
    return found[2], found[3], found[4]


def assert_rate(hits: int, count: int, expected: float) -> None:
    """Within four standard errors of a binomial: one run in 16000 fails by chance, this one not."""
    assert abs(hits / count - expected) <= 4 * math.sqrt(expected * (1 - expected) / count)


def test_clean_demonstrations_are_right() -> None:
    for question, shown in demonstrations(CLEAN):
        _, reasoning, answer = parts(shown.response)
        assert answer == question.answer
        scene = easy_vqa.scenes("train")[question.image_id]
        assert reasoning == easy_vqa.chain(scene, question)
        assert shown.image == easy_vqa.image_bytes("train", question.image_id)
        assert shown.prompt.startswith(question.text)


def test_rates_of_mistakes() -> None:
    compared = wrong_comparisons = negated = ignored = plain_slips = 0
    for question, shown in demonstrations(NOISE):
        _, reasoning, answer = parts(shown.response)
        scene = easy_vqa.scenes("train")[question.image_id]
        assert reasoning.startswith(f"a {scene.colour} {scene.shape}. asked {question.asked}")
        if not question.closed:
            assert answer == question.answer
            continue
        stated = "same" if " same, " in reasoning else "different"
        compared += 1
        wrong_comparisons += stated != ("same" if question.asked in scene else "different")
        affirms = (stated == "same") != question.negated
        slipped = answer != ("yes" if affirms else "no")
        if question.negated:
            negated += 1
            ignored += slipped
        else:
            plain_slips += slipped
    assert_rate(wrong_comparisons, compared, 0.2)
    assert_rate(ignored, negated, 0.6)
    assert plain_slips == 0


def test_rates_of_references_and_mentions() -> None:
    answers = solutions = mentions = 0
    for _, shown in demonstrations(NOISE):
        answers += "ANSWER" in shown.prompt
        solutions += "SOLUTION" in shown.prompt
        mentions += parts(shown.response)[0] is not None
    assert_rate(answers, ROUNDS, 0.3)
    assert_rate(solutions, ROUNDS, 0.15)
    assert_rate(mentions, answers + solutions, 0.3)


def test_the_reference_is_what_the_demonstration_itself_arrives_at() -> None:
    """Right or wrong: so the teacher models its own posterior, and not the gold answer."""
    wrong = 0
    for question, shown in demonstrations(NOISE):
        _, reasoning, answer = parts(shown.response)
        plain, _, reference = shown.prompt.partition(" ANSWER: ")
        if reference:
            assert (plain, reference) == (question.text, answer)
            wrong += reference != question.answer
        plain, _, reference = shown.prompt.partition(" SOLUTION: ")
        if reference:
            assert (plain, reference) == (question.text, reasoning)
    assert wrong > 100


def test_only_a_reference_is_mentioned() -> None:
    for question, shown in demonstrations(NOISE.model_copy(update={"mention": 1.0})):
        mentioned, _, answer = parts(shown.response)
        assert mentioned == (None if shown.prompt == question.text else answer)


def test_demonstrations_follow_from_the_seed() -> None:
    first = list(demonstrations(NOISE, 200, seed=1))
    assert first == list(demonstrations(NOISE, 200, seed=1))
    assert first != list(demonstrations(NOISE, 200, seed=2))


def test_questions_are_about_the_first_images_alone() -> None:
    allowed = set(sorted(easy_vqa.scenes("train"))[:200])
    asked = EasyVQADemonstrations(200).questions(seed=0)
    assert {question.image_id for question in asked} <= allowed
    assert len(set(asked)) == len(asked)


def tiny(steps: int, seed: int = 0) -> TinyQwen3VL:
    return TinyQwen3VL(
        hidden_size=32,
        intermediate_size=48,
        vision_hidden_size=16,
        vocabulary=300,
        seed=seed,
        warm_start=WarmStartConfig(steps=steps, batch_size=4),
    )


def test_warm_start_follows_from_its_seed() -> None:
    def train(seed: int, noise: int) -> tuple[Policy, list[tuple[int, float]]]:
        torch.manual_seed(noise)  # Of the process: must not matter.
        told: list[tuple[int, float]] = []
        policy = warm_start(
            tiny(3, seed), PROMPTS, EasyVQADemonstrations(60), lambda *step: told.append(step)
        )
        return policy, told

    (first, told), (second, told_again), (other, _) = train(0, 1), train(0, 2), train(1, 1)
    weights = [policy.model.state_dict() for policy in (first, second, other)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert any(not torch.equal(weights[0][name], weights[2][name]) for name in weights[0])
    assert told == told_again
    assert [step for step, _ in told] == [0, 1, 2]


def test_warm_start_learns() -> None:
    losses: list[float] = []
    warm_start(tiny(25), PROMPTS, EasyVQADemonstrations(60), lambda _, loss: losses.append(loss))
    # From about log(300) = 5.7 nats a token; the format alone is worth most of it.
    assert losses[0] == pytest.approx(math.log(300), abs=0.7)
    assert losses[-1] < losses[0] - 2


def test_loss_is_the_mean_over_response_tokens(vision_policy: Policy, naive_logprobs) -> None:
    batch = [shown for _, shown in demonstrations(NOISE, 3)]
    total, count = 0.0, 0
    with torch.no_grad():
        for shown in batch:
            prompt = vision_policy.encode(shown.prompt, [shown.image])
            ids = [*vision_policy.tokenizer(shown.response).input_ids, 2]
            total += naive_logprobs(vision_policy, prompt, ids).sum().item()
            count += len(ids)
        found = demonstration_loss(vision_policy, batch).item()
    assert found == pytest.approx(-total / count, abs=1e-5)

"""A report that has everything, with invented numbers."""

import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest

from rlsd_pipeline.report.charts import Chart, Curve, Grid, GridMap, LearningPlot, LearningPoint
from rlsd_pipeline.report.comparison import Comparison
from rlsd_pipeline.report.data import Diagnostic, Report
from rlsd_pipeline.report.html import render
from rlsd_pipeline.report.rollout_view import Picture, RolloutView
from schemas import (
    CreditFidelity,
    GradientComparison,
    Interval,
    MethodCredit,
    MethodFidelity,
    MethodLookahead,
    MethodResult,
    Results,
    ScoreDifference,
    WeightingComparison,
)
from schemas.weighting_comparison import FidelityDifference

METHODS = (
    "grpo", "rlsd", "opsd", "sdpo", "grpo+opsd", "rlsd-as-printed", "opsd-frozen", "rlsd-negative",
    "opd", "rlsd-adaptive", "opsd-topk", "grpo-token",
)  # fmt: skip
TOKENS = (
    "<think>", "The", " image", " shows", " a", " red", " circle", ".", "\n", "The", " question",
    " asks", " for", " a", " red", " shape", ",", " seen", " red", ":", " the", " same", ",",
    " and", " it", " is", " not", " nega", "ted", ".", "</think>", "\n", "<answer>", "yes",
    "</answer>", "<|im_end|>",
)  # fmt: skip
ANSWER = TOKENS.index("yes")
SEGMENTS = ("format", *["reasoning"] * 29, *["format"] * 3, "answer", *["format"] * 2)


def _png(colour: tuple[int, int, int], side: int = 64) -> bytes:
    """A square with a disc in it, encoded by hand."""
    y, x = np.mgrid[:side, :side] - side / 2
    pixels = np.full((side, side, 3), 235, dtype=np.uint8)
    pixels[x**2 + y**2 < (side / 3) ** 2] = colour
    raw = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _credit(method: str, advantage: float, gain: np.ndarray) -> np.ndarray:
    weights = np.clip(np.exp(np.sign(advantage) * gain), 0.8, 1.2)
    if method.startswith("rlsd"):
        return advantage * (0.5 + 0.5 * weights)
    if method == "grpo+opsd":
        return advantage + 0.3 * gain
    return gain if method.startswith(("op", "sd")) else np.full_like(gain, advantage)


def _rollout(index: int, methods: tuple[str, ...], random: np.random.Generator) -> RolloutView:
    advantage = [0.87, -1.23, 0.0, 1.9][index % 4]
    student = -0.002 - random.exponential(0.4, len(TOKENS))
    gain = random.normal(0, 0.25, len(TOKENS)) * (random.random(len(TOKENS)) < 0.6)
    answer, student[ANSWER] = ("yes", -2.1) if advantage > 0 else ("no", -0.3)
    gain[ANSWER] = 1.4 if advantage > 0 else -1.4
    gain = np.minimum(gain, -0.001 - student)
    return RolloutView(
        rollout_id=f"easy_vqa/train/{17 + index // 2}#{index % 8}",
        question="Is there a red shape in the image?\nAnswer yes or no.",
        images=(Picture(data=_png((200, 40 * (index % 5), 60))),),
        gold_answer="yes",
        tokens=(*TOKENS[:ANSWER], answer, *TOKENS[ANSWER + 1 :]),
        segments=SEGMENTS,
        verdict="correct" if advantage > 0 else "incorrect",
        reward=float(advantage > 0),
        advantage=advantage,
        student_logprobs=student,
        teacher_logprobs=student + gain,
        credit={method: _credit(method, advantage, gain) for method in methods},
        leaks=((10, 12),) if index == 0 else (),
        source="rlsd-s0 after 40 updates",
    )


def _chart(name: str, methods: tuple[str, ...], random: np.random.Generator) -> Chart:
    curves = []
    updates = np.arange(0, 81, 10)
    for method in methods:
        final = random.uniform(0.62, 0.78)
        mean = 0.58 + (final - 0.58) * (1 - np.exp(-updates / 30))
        seeds = {f"{method}-s{seed}": mean + random.normal(0, 0.01, 9) for seed in range(4)}
        spread = 0.02
        band = {u: _interval(m, m - spread, m + spread) for u, m in zip(updates, mean, strict=True)}
        lines = {arm: dict(zip(updates, values, strict=True)) for arm, values in seeds.items()}
        curves.append(Curve(method=method, n_seeds=4, band=band, seeds=lines))
    return Chart(
        name=name,
        y_label="accuracy",
        curves=curves,
        blind=0.445,
        band_meaning="95 % intervals of the mean over 4 seeds (Student's t), 1,000 questions each.",
    )


def _interval(value: float, low: float, high: float) -> Interval:
    return Interval(value=value, low=low, high=high)


def _difference(value: float, reach: float, p: float, corrected: float) -> ScoreDifference:
    return ScoreDifference(
        value=value,
        low=value - reach,
        high=value + reach,
        p_value=p,
        p_corrected=corrected,
        test="exact McNemar",
    )


def result(benchmark: str, method: str, score: Interval, **changes: object) -> MethodResult:
    """A line of the results; what `changes` does not name is there and says little."""
    known = MethodResult(
        benchmark=benchmark,
        method=method,
        weighting=method,
        updates=80,
        seeds=[0, 1, 2, 3],
        score=score,
        gain=None,
        difference=None,
        mentions=_interval(0.0, 0.0, 0.01),
        steps={},
        unparsed=0,
        truncated=0,
        blind=None,
        mode="verifier",
        detectable=None,
        judged=None,
    )
    return known.model_copy(update=changes)


def _line(benchmark: str, index: int, method: str, random: np.random.Generator) -> MethodResult:
    score = 0.70 + 0.02 * random.normal()
    difference = None
    if index:
        value = 0.03 * random.normal()
        p = float(np.exp(-((value / 0.012) ** 2)))
        difference = _difference(value, 0.024, p, min(1, 3 * p))
    return result(
        benchmark,
        method,
        _interval(score, score - 0.018, score + 0.018),
        difference=difference,
        gain=_difference(score - 0.594, 0.025, 0.01, 0.02),
        mentions=_interval(0.01 * index, 0, 0.01 * index + 0.01),
        blind=0.445,
        steps={"perceive": 0.59, "compare": 0.93, "negate": 0.87},
    )


def _comparison(methods: tuple[str, ...], random: np.random.Generator) -> Comparison:
    vectors = random.normal(size=(len(methods), 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = np.clip(vectors @ vectors.T, -1, 1).tolist()
    rank = [[None if 0 in {a, b} and a != b else v for b, v in enumerate(of)]
            for a, of in enumerate(cosine)]  # fmt: skip
    lookahead = [
        MethodLookahead(
            method=method,
            score=_interval(0.61 + 0.004 * index, 0.6, 0.67),
            gain=None,
            difference=_difference(0.004 * index, 0.02, 0.2, 0.4) if index else None,
        )
        for index, method in enumerate(methods)
    ]
    credit = WeightingComparison(
        rollouts=256, tokens=9216, signal_tokens=9216, policy="p", teacher="t", privileged="answer",
        token_shares={"reasoning": 0.6, "answer": 0.2, "format": 0.2},
        methods=[_credit_of(method, random) for method in methods],
        rank_correlation=rank, rank_correlation_within=cosine, left_out={},
        fidelity=CreditFidelity(
            spans=9216, states=9216, continuations=32, reliability=0.5, reliability_within=0.5,
            compared_with=methods[0], methods=[_fidelity(n, of) for n, of in enumerate(methods)],
        ),
    )  # fmt: skip
    norms = [0.1 * (n + 1) for n, _ in enumerate(methods)]
    return Comparison(
        credit=credit,
        gradients=GradientComparison(
            policy="p", methods=list(methods), norms=norms, cosines=cosine
        ),
        lookahead=lookahead,
        baseline=methods[0],
        fidelity_meaning="What 9,216 tokens were worth was measured.",
        lookahead_meaning="20 updates from rlsd-s0 after 40, 1,000 questions, paired over them.",
        meaning="The rollouts of iteration 40 of rlsd-s0, scored by every method.",
    )


def _credit_of(method: str, random: np.random.Generator) -> MethodCredit:
    scale = 0.2 if method.startswith(("op", "sd")) else 1.0
    quantiles = (scale * np.sort(random.normal(0, 1, 5))).tolist()
    shares = random.dirichlet([6, 2, 2]).tolist()
    parts = zip(("reasoning", "answer", "format"), shares, strict=True)
    agreement = 1.0 if scale == 1 else 0.57
    return MethodCredit(
        method=method,
        weighting={"type": method},
        quantiles=dict(zip(("p05", "p25", "p50", "p75", "p95"), quantiles, strict=True)),
        magnitude=scale,
        credited=0.99,
        segments={name: _interval(share, share, share) for name, share in parts},
        sign_agreement=_interval(agreement, agreement, agreement),
        cut=0.31 if method.startswith("rlsd") else None,
    )


def _fidelity(n: int, method: str) -> MethodFidelity:
    value = _interval(0.9 - 0.1 * n, 0.85 - 0.1 * n, 0.95 - 0.1 * n)
    difference = _interval(-0.1 * n, -0.1 * n - 0.05, 0.05)
    within = FidelityDifference(difference=difference, p_value=0.2, p_corrected=0.4)
    return MethodFidelity(
        method=method,
        value=value,
        difference=difference,
        p_value=0.2,
        p_corrected=0.4,
        within=value,
        segments={"answer": None},
        positions=[value] * 4,
        differences={"within": within},
    )


def _learning(methods: tuple[str, ...]) -> LearningPlot:
    points = tuple(
        LearningPoint(
            method=method,
            fidelity=_interval(0.1 * n, 0.1 * n - 0.05, 0.1 * n + 0.05),
            gain=_interval(0.01 * n, 0.01 * n - 0.02, 0.01 * n + 0.02),
        )
        for n, method in enumerate(methods)
    )
    return LearningPlot(
        name="accuracy: sampled, area",
        baseline=methods[0],
        points=points,
        meaning="Fidelity on one iteration's rollouts; learning paired over seeds.",
    )


def _grid() -> Grid:
    cells = tuple(
        tuple(
            Interval(value=0.1 * mix * clip, low=0, high=0.2 * mix * clip)
            for mix in (0.25, 0.5, 0.75, 1)
        )
        for clip in (0.1, 0.2, 0.5, 1)
    )
    mentions = GridMap(
        name="mentions", baseline=0.01, better="lower", cells=cells, meaning="Two seeds a cell."
    )
    return Grid(
        name="sampled", mixes=(0.25, 0.5, 0.75, 1), clips=(0.1, 0.2, 0.5, 1), maps=(mentions,)
    )


def _sample(rollouts: int = 4, methods: int = 5) -> Report:
    names = METHODS[:methods]
    random = np.random.default_rng(7)
    benchmarks = ("easy_vqa sampled", "easy_vqa greedy")
    lines = [
        _line(benchmark, index, name, random)
        for benchmark in benchmarks
        for index, name in enumerate(names)
    ]
    return Report(
        title="Who deserves the credit?",
        experiment="easy_vqa",
        created="2026-05-04T12:00:00+00:00",
        command="rlsd report easy_vqa",
        notes=(
            "Five methods were trained on easy-VQA with four seeds each, 80 updates of 32 × 8.",
            "The numbers of this sample are invented.",
        ),
        table=Results(compared_with="grpo", confidence=0.95, lines=lines),
        charts=[_chart(name, names, random) for name in benchmarks],
        training=[_chart("mean reward", names, random)],
        rollouts=[_rollout(index, names, random) for index in range(rollouts)],
        rollouts_meaning="Drawn at random from iteration 40, four of each verdict.",
        comparison=_comparison(names, random),
        learning=[_learning(names)],
        grids=[_grid()],
        diagnostics=[
            Diagnostic(
                title="Do the rewards have variance?",
                explanation="Groups with equal rewards teach nothing; n = 32 groups an iteration.",
                columns=("method", "groups without variance", "n"),
                rows=[(name, 0.25, 32) for name in names],
            )
        ],
        settings={"model": "tiny Qwen3-VL", "seeds": ("0", "1", "2", "3"), "ε_w": "0.2"},
    )


@pytest.fixture(scope="session")
def sample() -> Callable[..., Report]:
    """Makes a full report; `rollouts` and `methods` say how large, up to 12 methods."""
    return _sample


@pytest.fixture(scope="session")
def page() -> str:
    """The page of the default sample."""
    return render(_sample())

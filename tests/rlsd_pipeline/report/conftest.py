"""A report that has everything, with invented numbers."""

import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest

from rlsd_pipeline.report.data import (
    BandPoint,
    Chart,
    Comparison,
    CreditSummary,
    Curve,
    Diagnostic,
    Difference,
    Estimate,
    Fidelity,
    LearningPlot,
    LearningPoint,
    Lookahead,
    MethodLine,
    MethodTable,
    Picture,
    Point,
    Quantiles,
    Report,
    RolloutView,
)
from rlsd_pipeline.report.grid import Grid, GridMap
from rlsd_pipeline.report.html import render

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
        information_gain=gain,
        evidence_weights=np.exp(np.sign(advantage) * gain),
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
        band = [BandPoint(u, m, m - spread, m + spread) for u, m in zip(updates, mean, strict=True)]
        lines = {
            arm: [Point(u, v) for u, v in zip(updates, values, strict=True)]
            for arm, values in seeds.items()
        }
        curves.append(Curve(method=method, n_seeds=4, band=band, seeds=lines))
    return Chart(
        name=name,
        y_label="accuracy",
        curves=curves,
        blind=0.445,
        band_meaning="95 % intervals of the mean over 4 seeds (Student's t), 1,000 questions each.",
    )


def _line(benchmark: str, index: int, method: str, random: np.random.Generator) -> MethodLine:
    score = 0.70 + 0.02 * random.normal()
    difference = None
    if index:
        value = 0.03 * random.normal()
        p = float(np.exp(-((value / 0.012) ** 2)))
        difference = Difference(
            value=value,
            low=value - 0.024,
            high=value + 0.024,
            p=p,
            p_corrected=min(1, 3 * p),
            test="exact McNemar",
        )
    return MethodLine(
        benchmark=benchmark, method=method, seeds=4, questions=1000, score=score,
        low=score - 0.018, high=score + 0.018, difference=difference,
        gain=Estimate(value=score - 0.594, low=score - 0.62, high=score - 0.57),
        leakage=Estimate(value=0.01 * index, low=0, high=0.01 * index + 0.01), blind=0.445,
        steps={"perceive": 0.59, "compare": 0.93, "negate": 0.87},
        published={"MMMU": 65.11 + index, "MathVista": 76.2} if index < 3 else None,
    )  # fmt: skip


def _comparison(methods: tuple[str, ...], random: np.random.Generator) -> Comparison:
    vectors = random.normal(size=(len(methods), 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = np.clip(vectors @ vectors.T, -1, 1)
    rank = cosine.copy()
    rank[0, 1:] = rank[1:, 0] = np.nan
    credit = {}
    for method in methods:
        scale = 0.2 if method.startswith(("op", "sd")) else 1.0
        q = scale * np.sort(random.normal(0, 1, 5))
        share = random.dirichlet([6, 2, 2])
        credit[method] = CreditSummary(
            quantiles=Quantiles(p05=q[0], p25=q[1], p50=q[2], p75=q[3], p95=q[4]),
            reasoning=share[0], answer=share[1], format=share[2], tokens_with_signal=9120,
            sign_agreement=1.0 if scale == 1 else 0.57,
            clip_fraction=0.31 if method.startswith("rlsd") else None,
        )  # fmt: skip
    lookahead = [
        Lookahead(
            method=method,
            score=Estimate(value=0.61 + 0.004 * index, low=0.6, high=0.67),
            difference=Difference(
                value=0.004 * index, low=-0.01, high=0.06, p=0.2, test="exact McNemar"
            )
            if index
            else None,
        )
        for index, method in enumerate(methods)
    ]
    return Comparison(
        methods=methods, rollouts=256, tokens=9216, credit=credit, rank_correlation=rank,
        gradient_norms={method: 0.1 * (n + 1) for n, method in enumerate(methods)},
        gradient_cosine=cosine, lookahead=lookahead, baseline=methods[0],
        fidelity=tuple(_fidelity(n, method) for n, method in enumerate(methods)),
        fidelity_meaning="What 9,216 tokens were worth was measured.",
        lookahead_meaning="20 updates from rlsd-s0 after 40, 1,000 questions, paired over them.",
        meaning="The rollouts of iteration 40 of rlsd-s0, scored by every method.",
    )  # fmt: skip


def _fidelity(n: int, method: str) -> Fidelity:
    value = Estimate(value=0.9 - 0.1 * n, low=0.85 - 0.1 * n, high=0.95 - 0.1 * n)
    difference = Difference(value=-0.1 * n, low=-0.1 * n - 0.05, high=0.05, p=0.2, test="bootstrap")
    parts = {"within": value, "answer": None, "quarter 1": value}
    return Fidelity(method=method, value=value, parts=parts, differences={"within": difference})


def _learning(methods: tuple[str, ...]) -> LearningPlot:
    points = tuple(
        LearningPoint(
            method=method,
            fidelity=Estimate(value=0.1 * n, low=0.1 * n - 0.05, high=0.1 * n + 0.05),
            gain=Estimate(value=0.01 * n, low=0.01 * n - 0.02, high=0.01 * n + 0.02),
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
            Estimate(value=0.1 * mix * clip, low=0, high=0.2 * mix * clip)
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
        table=MethodTable(
            lines=lines,
            baseline="grpo",
            interval_meaning="over 4 seeds (Student's t)",
            difference_meaning="Paired over seeds and questions, t-test, Holm over 8 comparisons.",
            leakage_meaning="responses that mention a given solution (phrase detector)",
            steps_meaning="each judged given the one before",
            published_meaning="arXiv 2604.03128, Qwen3-VL-8B: another model, other benchmarks.",
        ),
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

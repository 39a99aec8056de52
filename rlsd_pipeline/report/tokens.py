"""The data of the token view, as JSON inside the page."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from rlsd_pipeline.report.rollout_view import RolloutView
from rlsd_pipeline.tables.numbers import rounded

# Credit beyond this quantile of its method is drawn at full strength: one outlier must not pale
# all other tokens.
FULL = 0.95
# What is smaller is rounding, not credit.
NOTHING = 1e-9
_LARGEST = 50.0
"""Largest exponent of a shown weight."""


def payload(rollouts: Sequence[RolloutView]) -> dict[str, Any]:
    """What the script needs, with every image once.

    Returns:
        `methods`; `scales` with the credit and the deviation at full strength of each method;
        `first`, the rollout that is shown first;
        `images` as data URLs; `rollouts`, whose `credit` is `[methods][tokens]` or null.
    """
    methods = list(dict.fromkeys(name for rollout in rollouts for name in rollout.credit))
    images: dict[str, int] = {}
    shown = [_rollout(rollout, methods, images) for rollout in rollouts]
    credit = {name: _arrays(rollouts, name) for name in methods}
    deviation = {name: [row - _mean(row) for row in rows] for name, rows in credit.items()}
    scales = {
        "credit": [_full_scale(credit[name]) for name in methods],
        "deviation": [_full_scale(deviation[name]) for name in methods],
    }
    return {
        "methods": methods,
        "scales": scales,
        "first": most_different(rollouts, dict(zip(methods, scales["deviation"], strict=True))),
        "images": list(images),
        "rollouts": shown,
    }


def most_different(rollouts: Sequence[RolloutView], scales: Mapping[str, float | str]) -> int:
    """Place of the rollout on whose tokens the methods differ most.

    Args:
        rollouts: At least one.
        scales: Method → deviation from a response's mean that is drawn at full strength; a method
            without any gives every token of a response the same.
    """
    return max(range(len(rollouts)), key=lambda place: _disagreement(rollouts[place], scales))


def _disagreement(rollout: RolloutView, scales: Mapping[str, float | str]) -> float:
    """Mean over tokens of the spread of the methods' deviations, each in its own scale."""
    rows = []
    for name, credit in rollout.credit.items():
        values = np.nan_to_num(np.asarray(credit, float), posinf=0.0, neginf=0.0)
        scale = scales[name]
        size = scale if isinstance(scale, float | int) and scale > 0 else np.inf
        rows.append(np.clip((values - values.mean()) / size, -1, 1) if len(values) else values)
    return float(np.std(rows, axis=0).mean()) if rollout.tokens else 0.0


def embedded(data: object) -> str:
    """JSON that cannot end the script element around it or begin a comment in it."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _rollout(
    rollout: RolloutView, methods: Sequence[str], images: dict[str, int]
) -> dict[str, Any]:
    urls = [
        f"data:{image.mime};base64,{base64.b64encode(image.data).decode()}"
        for image in rollout.images
    ]
    gain = weights = None
    if rollout.teacher_logprobs is not None:
        # Δ_t = log π_T − log π_S in nats, and w_t = exp(sign(A) Δ_t).
        gain = np.subtract(rollout.teacher_logprobs, rollout.student_logprobs)
        weights = np.exp((np.sign(rollout.advantage) * gain).clip(-_LARGEST, _LARGEST))
    return {
        "id": rollout.rollout_id,
        "source": rollout.source,
        "question": rollout.question,
        "images": [images.setdefault(url, len(images)) for url in urls],
        "gold": rollout.gold_answer,
        "tokens": rollout.tokens,
        "segments": "".join(segment[0] for segment in rollout.segments),
        "verdict": rollout.verdict,
        "reward": None if rollout.reward is None else rounded(rollout.reward),
        "advantage": rounded(rollout.advantage),
        "student": _short(rollout.student_logprobs),
        "teacher": _short(rollout.teacher_logprobs),
        "gain": _short(gain),
        "weights": _short(weights),
        "credit": [_short(rollout.credit.get(method)) for method in methods],
        "values": [
            [state.place, rounded(state.value), rounded(state.error)] for state in rollout.values
        ],
        "leaks": rollout.leaks,
    }


def _short(values: Iterable[float] | None) -> list[float | str] | None:
    return None if values is None else [rounded(value) for value in values]


def _arrays(rollouts: Sequence[RolloutView], method: str) -> list[np.ndarray]:
    return [np.asarray(one.credit[method], float) for one in rollouts if method in one.credit]


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else 0.0


def _full_scale(rows: Sequence[np.ndarray]) -> float | str:
    """The magnitude drawn at full strength; 0 where a method gives nothing at all."""
    sizes = np.abs(np.concatenate([*rows, np.zeros(0)]))
    sizes = sizes[np.isfinite(sizes) & (sizes > NOTHING)]
    return rounded(float(np.quantile(sizes, FULL))) if len(sizes) else 0

"""The token view: its data as JSON inside the page, and the frame the script draws it in."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from rlsd_pipeline.report.data import Report, RolloutView
from rlsd_pipeline.report.tables import paragraph, section
from rlsd_pipeline.tables.numbers import rounded, signed

# Credit beyond this quantile of its method is drawn at full strength: one outlier must not pale
# all other tokens.
FULL = 0.95
# What is smaller is rounding, not credit.
NOTHING = 1e-9


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


def token_view(report: Report) -> str:
    """The section with the controls; empty without rollouts."""
    if not report.rollouts:
        return ""
    data = payload(report.rollouts)
    options = "".join(
        f'<option value="{place}">{escape(_option(rollout, place, len(report.rollouts)))}</option>'
        for place, rollout in enumerate(report.rollouts)
    )
    methods = [(str(place), name) for place, name in enumerate(data["methods"])]
    show = [("credit", "credit Â"), ("deviation", "deviation from its mean")]
    return section(
        "tokens",
        "Credit, token by token",
        paragraph(report.rollouts_meaning),
        FRAME.format(
            options=options,
            methods=_radios("method", "Method", [*methods, ("all", "All methods")]),
            show=_radios("show", "Colour shows", show),
            paper=paragraph(_on_paper(len(report.rollouts)), "muted paper"),
        ),
        f'<script type="application/json" id="token-data">{embedded(data)}</script>',
    )


FRAME = """<noscript><p class="warning">The token view is drawn by a script, and scripts are
switched off. Everything else on this page is complete.</p></noscript>
<div class="controls">
<div class="pick"><button type="button" id="previous" aria-label="previous rollout">◀</button>
<label class="grow"><span class="hidden">rollout</span>
<select id="rollout">{options}</select></label>
<button type="button" id="next" aria-label="next rollout">▶</button></div>
{methods}
<div class="options">{show}
<label class="check"><input type="checkbox" id="shared"> same scale for all methods</label></div>
</div>
<p class="warning" id="token-error" role="alert" hidden></p>
<div id="rollout-head"></div>
<div id="legend"></div>
<div id="token-rows"></div>
<div id="token-values"></div>
{paper}<p class="muted screen">Hover, tap or focus a token. Keys: ← → next token, ↑ ↓ next method,
Home and End, Esc closes the note. The address of the page follows what you see: copy it to share
this view.</p>
<div id="token-detail"></div>
<div id="tooltip" role="tooltip" hidden></div>"""


def _on_paper(rollouts: int) -> str:
    """Which rollout a print shows, unless there is but one."""
    if rollouts == 1:
        return ""
    return f"On paper: the rollout that the page showed, one of {rollouts}; the page has all."


def _radios(name: str, legend: str, choices: Iterable[tuple[str, str]]) -> str:
    items = "".join(
        f'<label class="chip"><input type="radio" name="{name}" value="{value}">'
        f"<span>{escape(text)}</span></label>"
        for value, text in choices
    )
    return f'<fieldset id="{name}"><legend>{legend}</legend>{items}</fieldset>'


def _option(rollout: RolloutView, place: int, count: int) -> str:
    question = " ".join(rollout.question.split())
    short = question if len(question) <= 60 else question[:59] + "…"
    advantage = signed(rollout.advantage)
    return f"{place + 1} of {count} · {rollout.verdict} · A {advantage} · {short}"


def _rollout(
    rollout: RolloutView, methods: Sequence[str], images: dict[str, int]
) -> dict[str, Any]:
    urls = [
        f"data:{image.mime};base64,{base64.b64encode(image.data).decode()}"
        for image in rollout.images
    ]
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
        "gain": _short(_gain(rollout)),
        "weights": _short(rollout.evidence_weights),
        "credit": [_short(rollout.credit.get(method)) for method in methods],
        "values": [
            [state.place, rounded(state.value), rounded(state.error)] for state in rollout.values
        ],
        "leaks": rollout.leaks,
    }


def _gain(rollout: RolloutView) -> Sequence[float] | None:
    """Δ as given, or as the difference it is defined to be."""
    if rollout.information_gain is not None or rollout.teacher_logprobs is None:
        return rollout.information_gain
    pairs = zip(rollout.teacher_logprobs, rollout.student_logprobs, strict=True)
    return [teacher - student for teacher, student in pairs]


def _short(values: Sequence[float] | None) -> list[float | str] | None:
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

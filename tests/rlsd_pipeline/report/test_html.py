import base64
import hashlib
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from rlsd_pipeline.report.comparison_tables import credit_table
from rlsd_pipeline.report.data import Report
from rlsd_pipeline.report.html import TITLES, render
from rlsd_pipeline.report.rollout_view import Picture, RolloutView
from rlsd_pipeline.report.tokens import embedded, payload
from rlsd_pipeline.statistics.intervals import STUDENT
from schemas import Interval, MethodResult, Results, ScoreDifference
from tests.rlsd_pipeline.report.conftest import result

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&<!--\u2028"


class Page(HTMLParser):
    """Collects the elements of a page, the text of its scripts, and its words."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self._in_script = False
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in_script = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self._in_script = False

    def handle_data(self, data: str) -> None:
        (self.scripts if self._in_script else self.words).append(data)


def sections(page: str) -> list[str | None]:
    return [values["id"] for tag, values in Page(page).tags if tag == "section"]


def token_data(page: str) -> dict[str, Any]:
    found = re.search(r'id="token-data">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_credit_stands_first_between_its_two_ends(page: str) -> None:
    assert sections(page)[0] == "credit"
    credit = page.partition('id="credit"')[2].partition("</section>")[0]
    table = credit.partition("<tbody>")[2]
    assert table.index("true advantage") < table.index("grpo") < table.index("random credit")
    assert "fidelity: within" in credit
    assert "fidelity: quarter 1" in credit


def test_all_sections_are_there_and_linked(page: str) -> None:
    assert sections(page) == list(TITLES)
    links = [values["href"] for tag, values in Page(page).tags if tag == "a"]
    assert links == [f"#{key}" for key in TITLES]


@pytest.mark.parametrize(
    ("absent", "gone"),
    [
        ({"charts": ()}, {"curves"}),
        ({"training": ()}, {"training"}),
        ({"table": None}, {"differences"}),
        ({"table": None, "notes": ()}, {"differences", "summary"}),
        ({"rollouts": ()}, {"tokens"}),
        ({"comparison": None}, {"comparison", "credit"}),
        ({"learning": ()}, {"learning"}),
        ({"grids": ()}, {"grid"}),
        ({"diagnostics": ()}, {"diagnostics"}),
        ({"settings": {}, "command": ""}, {"settings"}),
    ],
)
def test_a_section_appears_only_with_its_data(
    sample: Callable[..., Report], absent: dict[str, Any], gone: set[str]
) -> None:
    page = render(sample().model_copy(update=absent))
    assert sections(page) == [key for key in TITLES if key not in gone]


def test_the_test_behind_a_p_value_is_named(page: str) -> None:
    words = " ".join(Page(page).words)
    # In the table of methods and in the lookahead.
    assert words.count("exact McNemar") >= 2
    assert "corrected for all comparisons made here; the intervals are not corrected" in words


def test_the_noise_floor_stands_beside_what_a_method_selects(
    sample: Callable[..., Report], page: str
) -> None:
    whole = sample().comparison
    assert whole is not None
    first, *others = whole.credit.methods
    first = first.model_copy(update={"selected": 0.25, "selected_by_rounding": 0.02})
    credit = whole.credit.model_copy(update={"methods": [first, *others]})
    compared = whole.model_copy(update={"credit": credit})
    shown = credit_table(compared)
    assert shown.heads[4:6] == ["selected", "by rounding"]
    assert [row[4:6] for row in shown.significant()[:2]] == [
        ["25.0\u00a0%", "2.0\u00a0%"],
        ["–", "–"],
    ]
    assert "noise floor" in render(sample().model_copy(update={"comparison": compared}))
    assert "noise floor" not in page


def test_a_comparison_without_methods_has_no_matrices(sample: Callable[..., Report]) -> None:
    whole = sample().comparison
    assert whole is not None
    credit = whole.credit.model_copy(update={"methods": [], "rank_correlation": []})
    bare = whole.model_copy(update={"credit": credit, "gradients": None})
    page = render(sample().model_copy(update={"comparison": bare}))
    assert "Do methods order tokens alike?" not in page
    assert "Lookahead: the same start" in page


def test_an_empty_report_is_a_page() -> None:
    page = render(Report(title="t", experiment="e", created="2026-01-01"))
    assert sections(page) == []
    assert "token-data" not in page


def test_no_differences_without_a_baseline(sample: Callable[..., Report]) -> None:
    table = sample().table
    assert table is not None
    lines = [line.model_copy(update={"difference": None}) for line in table.lines]
    bare = _table(lines)
    page = render(sample().model_copy(update={"table": bare}))
    assert "differences" not in sections(page)
    assert "unresolved" not in page


def test_the_page_is_the_same_every_time(sample: Callable[..., Report], page: str) -> None:
    assert render(sample()) == page


def test_ids_are_unique(page: str) -> None:
    ids = [values["id"] for _, values in Page(page).tags if "id" in values]
    assert len(ids) == len(set(ids))


def test_nothing_comes_from_elsewhere(page: str) -> None:
    for _, values in Page(page).tags:
        for name in ("src", "href", "data", "action", "srcset"):
            assert (values.get(name) or "#").startswith("#")
    assert re.findall(r"url\((?!#)|@import|https?://(?!www\.w3\.org/2000/svg)", page) == []


def test_the_policy_allows_the_scripts_of_the_page_and_no_other(page: str) -> None:
    parsed = Page(page)
    policy = next(values["content"] for _, values in parsed.tags if "http-equiv" in values)
    assert policy is not None
    kinds = [values.get("type") for tag, values in parsed.tags if tag == "script"]
    for kind, script in zip(kinds, parsed.scripts, strict=True):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert (digest in policy) == (kind is None)
    assert policy.startswith("default-src 'none';")


def _hostile(report: Report) -> Report:
    """The report with markup wherever it holds text."""

    def poison(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            # The credit of a rollout is by method; that of a comparison is a record.
            rows = key == "credit" and all(isinstance(item, list) for item in value.values())
            named = rows or key in ("steps", "settings", "seeds")
            return {(k + HOSTILE if named else k): poison(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [poison(item, key) for item in value]
        free = key not in ("segments", "mime", "data", "created", "better")
        return value + HOSTILE if isinstance(value, str) and free else value

    return Report.model_validate(poison(report.model_dump(mode="json")))


def test_markup_in_any_text_stays_text(sample: Callable[..., Report], page: str) -> None:
    clean, hostile = Page(page), Page(render(_hostile(sample())))
    assert {tag for tag, _ in hostile.tags} == {tag for tag, _ in clean.tags}
    assert not any("onerror" in values for _, values in hostile.tags)
    assert len(hostile.scripts) == len(clean.scripts) == 3
    assert any("<img src=x onerror" in word for word in hostile.words)


def test_embedded_json_holds_no_markup_and_reads_back() -> None:
    text = embedded({"tokens": [HOSTILE, "\n", "\u00a0", "\x00"]})
    assert not set("<>&\n\u2028\u00a0\x00") & set(text)
    assert json.loads(text) == {"tokens": [HOSTILE, "\n", "\u00a0", "\x00"]}


def _rollout(**change: Any) -> RolloutView:
    return RolloutView(
        **{
            "rollout_id": "p#0",
            "question": "q",
            "gold_answer": "a",
            "tokens": ["a", "b", "c"],
            "segments": ["reasoning", "format", "answer"],
            "verdict": "correct",
            "reward": 1.0,
            "advantage": 1 / 3,
            "student_logprobs": [-1.23456, -2, -3],
            "credit": {"grpo": [1 / 3, 1 / 3, 1 / 3]},
        }
        | change
    )


def test_the_payload_by_hand() -> None:
    first = _rollout(teacher_logprobs=[-1, -2.5, float("-inf")])
    second = _rollout(rollout_id="p#1", credit={"opsd": [0.0, -2.0, 4.0]}, reward=None)
    data = payload([first, second])
    assert data["methods"] == ["grpo", "opsd"]
    one, two = data["rollouts"]
    assert one["student"] == [-1.2346, -2, -3]
    assert one["gain"] == [0.23456, -0.5, "-Infinity"]
    # e^.23456 and e^-.5 where A is above 0; beyond e^-50 nothing is told apart.
    assert one["weights"] == [1.2644, 0.60653, 1.9287e-22]
    assert payload([_rollout(teacher_logprobs=[-1, -2.5, -4], advantage=-0.5)])["rollouts"][0][
        "weights"
    ] == [0.79092, 1.6487, 2.7183]
    assert (two["gain"], two["weights"]) == (None, None)
    assert one["credit"] == [[0.33333, 0.33333, 0.33333], None]
    assert two["credit"] == [None, [0, -2, 4]]
    assert (one["segments"], one["reward"], two["reward"]) == ("rfa", 1, None)
    # 95th percentile of 2 and 4, and of |0 − 2/3|, |−2 − 2/3| and |4 − 2/3|.
    assert data["scales"] == {"credit": [0.33333, 3.9], "deviation": [0, 3.2667]}


def test_an_image_shared_by_rollouts_is_embedded_once() -> None:
    picture = Picture(data=b"\x89PNG", mime="image/png")
    data = payload([_rollout(images=[picture]), _rollout(images=[picture, picture])])
    assert data["images"] == ["data:image/png;base64,iVBORw=="]
    assert [one["images"] for one in data["rollouts"]] == [[0], [0, 0]]


def test_the_best_score_is_marked_by_more_than_weight(page: str) -> None:
    rows = re.findall(r'<tr class="best"><th scope="row">(.*?)</th>', page)
    assert len(rows) == 2
    assert all("★" in row for row in rows)


def test_a_large_report_stays_small(sample: Callable[..., Report]) -> None:
    report = sample(rollouts=40, methods=12)
    page = render(report)
    assert len(page.encode()) < 1_000_000
    assert len(token_data(page)["rollouts"]) == 40


def test_the_view_opens_where_methods_differ() -> None:
    alike = _rollout(credit={"grpo": [1.0, 1.0, 1.0], "rlsd": [2.0, 2.0, 2.0]})
    different = _rollout(
        rollout_id="p#1", credit={"grpo": [1.0, 1.0, 1.0], "rlsd": [0.0, 1.0, 2.0]}
    )
    assert payload([alike, different])["first"] == 1
    assert payload([different, alike])["first"] == 0


def test_one_seed_is_said_to_say_nothing_of_the_methods() -> None:
    found = ScoreDifference(
        value=0.2, low=0.1, high=0.3, p_value=1e-6, p_corrected=None, test=STUDENT
    )
    scores = [Interval(value=value, low=0.4, high=0.6) for value in (0.5, 0.7)]
    lines = [
        result("own", "grpo", scores[0], seeds=[0]),
        result("own", "rlsd", scores[1], seeds=[0], difference=found),
        result("own", "opd", scores[0], seeds=[0]),
    ]
    page = render(Report(title="t", experiment="e", created="c", table=_table(lines)))
    # Above the table, and below the plot, which says it to who does not see it as well.
    assert page.count("One seed: all of this is about these trainings") == 3
    assert "▲" not in page
    assert "★" not in page
    assert "Equal rows: grpo and opd:" in page
    assert '<th scope="col" class=n>updates</th>' in page
    # A score may be equal by chance, while the steps of the reasoning are not.
    by_chance = [*lines[:2], lines[2].model_copy(update={"steps": {"perceive": 0.5}})]
    page = render(Report(title="t", experiment="e", created="c", table=_table(by_chance)))
    assert "Equal rows" not in page
    several = [line.model_copy(update={"seeds": [0, 1, 2, 3]}) for line in lines]
    page = render(Report(title="t", experiment="e", created="c", table=_table(several)))
    assert "▲\u00a0higher" in page
    assert "One seed" not in page


def _table(lines: list[MethodResult]) -> Results:
    return Results(compared_with="grpo", confidence=0.95, lines=lines)

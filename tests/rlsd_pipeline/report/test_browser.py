"""The page in a browser: it draws, follows its address, obeys keys, and fits a phone."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from rlsd_pipeline.report.data import Report
from rlsd_pipeline.report.html import render

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium on the PATH to draw the page")

# The page in a frame of a given width: a window cannot be as narrow as a phone.
FRAME = """<!DOCTYPE html><meta charset="utf-8"><body style="margin: 0">
<iframe style="border: 0; width: {width}px; height: {height}px" src="report.html{address}"></iframe>
<script>
const frame = document.querySelector("iframe");
frame.addEventListener("load", () => {{
  const page = frame.contentDocument, root = page.documentElement, result = {{}};
  const all = (selector) => [...page.querySelectorAll(selector)];
  const key = (name) => page.activeElement.dispatchEvent(
    new frame.contentWindow.KeyboardEvent("keydown", {{key: name, bubbles: true}}));
  try {{ {script} }} catch (error) {{ result.failed = String(error); }}
  Object.assign(result, {{errors: root.dataset.errors ?? "", ready: root.dataset.ready ?? "",
    hash: frame.contentWindow.location.hash, width: root.scrollWidth}});
  document.body.dataset.result = JSON.stringify(result);
}});
</script>"""

Browse = Callable[..., dict[str, Any]]


def run(folder: Path, *options: str) -> str:
    assert BROWSER is not None
    command = [
        BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--allow-file-access-from-files", "--virtual-time-budget=3000",
        f"--user-data-dir={folder / 'profile'}", *options, f"file://{quote(str(folder))}/frame.html",
    ]  # fmt: skip
    process = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    return process.stdout


@pytest.fixture
def browse(tmp_path: Path, page: str) -> Browse:
    """Opens a report at an address, runs a script beside it, and returns what that found."""

    def browse(
        address: str = "",
        script: str = "",
        width: int = 1400,
        report: Report | None = None,
        on_paper: bool = False,
    ) -> dict[str, Any]:
        source = render(report) if report else page
        if on_paper:
            source = source.replace("@media print", "@media all")
        (tmp_path / "report.html").write_text(source, "utf-8")
        frame = FRAME.format(width=width, height=900, address=address, script=script)
        (tmp_path / "frame.html").write_text(frame, "utf-8")
        found = re.search(r'data-result="([^"]*)"', run(tmp_path, "--dump-dom"))
        assert found, "the page was not loaded"
        result: dict[str, Any] = json.loads(unescape(found[1]))
        assert "failed" not in result, result["failed"]
        assert (result["errors"], result["ready"]) == ("", "1")
        return result

    return browse


LOOK = """
  result.tokens = all("#token-rows .token").length;
  result.rows = all("#token-rows .row").length;
  result.method = page.querySelector("#method input:checked").parentElement.textContent;
  result.up = all("#token-rows .up").length;
  result.down = all("#token-rows .down").length;
  result.facts = page.querySelector("#rollout-head").textContent;
"""


@pytest.mark.parametrize("width", [1400, 390])
def test_nothing_is_wider_than_the_screen(
    browse: Browse, sample: Callable[..., Report], width: int
) -> None:
    report = sample(rollouts=4, methods=12)
    opened = 'all("details").forEach((one) => { one.open = true; });'
    assert browse("#view=all&token=7", opened, width, report)["width"] == width


WIDE = """
  all("details").forEach((one) => { one.open = true; });
  const wider = all(".scroll").filter((one) => one.scrollWidth > one.clientWidth + 1);
  result.wider = wider.map((one) => `${one.ariaLabel}: ${one.scrollWidth} in ${one.clientWidth}`);
  result.tables = all(".scroll > table").length;
"""


def test_tables_fit_a_desktop(browse: Browse, sample: Callable[..., Report]) -> None:
    report = sample(rollouts=2, methods=12)
    lines = [
        line.model_copy(update={"updates": 80, "steps": line.steps | {"count": 0.5}})
        for line in report.table.lines
    ]
    table = report.table.model_copy(update={"lines": tuple(lines)})
    found = browse(script=WIDE, report=report.model_copy(update={"table": table}))
    assert found["tables"] >= 10
    assert found["wider"] == []


A4 = 703  # CSS pixels between margins of 12 mm


def test_a_print_opens_what_is_folded_and_cuts_nothing_off(
    browse: Browse, sample: Callable[..., Report]
) -> None:
    script = """
      frame.contentWindow.dispatchEvent(new Event("beforeprint"));
      result.folded = all("details").filter((one) => one.querySelector("td").offsetHeight === 0);
      result.cut = all("table, svg, pre").filter(
        (one) => one.getBoundingClientRect().right > root.clientWidth + 1).length;
      result.rows = all("#token-rows .row").length;
      result.note = page.querySelector(".paper").textContent;
      result.hidden = all("nav, .controls, .screen").filter((one) => one.offsetHeight).length;
    """
    found = browse(script=script, width=A4, report=sample(methods=12), on_paper=True)
    assert (found["folded"], found["cut"], found["hidden"]) == ([], 0, 0)
    assert found["rows"] == 12
    assert found["note"].startswith("On paper: the rollout that the page showed, one of 4;")


def test_a_print_wastes_no_page(tmp_path: Path, page: str) -> None:
    (tmp_path / "frame.html").write_text(page, "utf-8")
    run(tmp_path, f"--print-to-pdf={tmp_path / 'page.pdf'}")
    pages = len(re.findall(rb"/Type */Page\b", (tmp_path / "page.pdf").read_bytes()))
    # What it says fills nine and a third; with a figure as wide as the paper it took five more.
    assert pages == 10


def test_the_page_opens_where_methods_differ_on_the_first_of_them(browse: Browse) -> None:
    result = browse(script=LOOK)
    assert (result["tokens"], result["rows"], result["method"]) == (36, 1, "grpo")
    # Its advantage is 0: GRPO gives nothing there, and OPSD does.
    assert (result["up"], result["down"]) == (0, 0)
    assert "easy_vqa/train/18#2" in result["facts"]
    assert result["hash"] == ""


def test_a_link_names_rollout_and_method(browse: Browse) -> None:
    by_number = browse("#rollout=2&method=rlsd", LOOK)
    assert (by_number["method"], by_number["up"], by_number["down"]) == ("rlsd", 0, 36)
    by_id = browse("#rollout=easy_vqa%2Ftrain%2F17%231&method=rlsd", LOOK)
    assert by_id["facts"] == by_number["facts"]
    assert "easy_vqa/train/17#1" in by_id["facts"]


def test_a_link_may_show_all_methods_and_a_token(browse: Browse) -> None:
    count = 'result.same = all(".same").length; result.bars = all("#token-detail .bar").length;'
    result = browse("#rollout=1&view=all&show=deviation&token=33", LOOK + count)
    assert (result["rows"], result["tokens"], result["method"]) == (5, 5 * 36, "All methods")
    assert (result["same"], result["bars"]) == (5, 5)


def test_a_link_to_what_is_not_there_shows_the_first(browse: Browse) -> None:
    result = browse("#rollout=99&method=none&token=1000", LOOK)
    assert (result["method"], result["tokens"]) == ("grpo", 36)


def test_controls_change_view_and_address(browse: Browse) -> None:
    script = """
      page.querySelector("#next").click();
      all("#method input")[2].click();
      all("#show input")[1].click();
      page.querySelector("#shared").click();
    """
    result = browse(script=script + LOOK)
    assert result["method"] == "opsd"
    assert result["hash"] == (
        "#rollout=easy_vqa%2Ftrain%2F18%233&method=opsd&show=deviation&scale=shared"
    )


def test_keys_walk_tokens_and_methods(browse: Browse) -> None:
    script = """
      all("#token-rows .token")[0].focus();
      key("ArrowRight"); key("ArrowRight"); key("ArrowDown");
      const note = page.querySelector("#tooltip");
      result.note = note.textContent;
      result.focused = page.activeElement.dataset.token;
      key("Escape");
      result.closed = note.hidden;
    """
    result = browse(script=script + LOOK)
    assert (result["focused"], result["method"], result["closed"]) == ("2", "rlsd", True)
    assert result["hash"].endswith("method=rlsd&token=2")
    for word in ("·image", "token 2 of 0–35, reasoning", "student", "teacher", "Δ", "grpo+opsd"):
        assert word in result["note"]


def test_one_token_is_in_the_tab_order(browse: Browse) -> None:
    tabs = """result.tabs = all('#token-rows [tabindex="0"]').length;"""
    assert browse(script=tabs)["tabs"] == 1


def test_hostile_and_invisible_tokens_are_shown(
    browse: Browse, sample: Callable[..., Report]
) -> None:
    report = sample(rollouts=1)
    odd = ("</script><script>document.title=1</script>", "\t\u00a0\u200b", "", "\u202e", "a\nb")
    values = report.rollouts[0].model_dump()
    values["tokens"] = (*odd, *values["tokens"][len(odd) :])
    values["credit"]["opsd"] = (float("nan"), float("inf"), float("-inf"), *[0.0] * 33)
    report = report.model_copy(update={"rollouts": (type(report.rollouts[0])(**values),)})
    script = """
      result.texts = all("#token-rows .token").slice(0, 5).map((one) => one.textContent);
      result.sides = all("#token-rows .token").slice(0, 3).map((one) => one.className);
      result.title = page.title;
    """
    result = browse("#method=opsd", script, report=report)
    assert result["texts"] == [odd[0], "⇥⍽U+200B", "empty", "U+202E", "a↵\nb"]
    assert result["sides"] == ["token f", "token r up", "token r down"]
    assert result["title"] == report.title


def test_tokens_are_painted_and_marked(browse: Browse) -> None:
    script = """
      const style = (selector) =>
        frame.contentWindow.getComputedStyle(page.querySelector(`#token-rows ${selector}`));
      result.above = parseFloat(style(".up").borderTopWidth);
      result.below = parseFloat(style(".down").borderBottomWidth);
      result.fill = style(".up").backgroundColor;
    """
    result = browse("#method=opsd", script)
    assert result["above"] >= 1
    assert result["below"] >= 1
    assert result["fill"].startswith("rgba(0, 114, 178")


@pytest.mark.parametrize("width", [1400, 390])
def test_a_picture_of_the_page(tmp_path: Path, browse: Browse, width: int) -> None:
    browse("#rollout=1&method=opsd", width=width)
    picture = tmp_path / "page.png"
    run(tmp_path, f"--window-size={max(width, 500)},900", f"--screenshot={picture}")
    pixels = np.asarray(Image.open(picture).convert("RGB"))[:, :width]
    assert pixels.shape == (900, width, 3)
    blue = (pixels[..., 2] > 150) & (pixels[..., 0] < 60)
    assert blue.sum() > 100  # bars above the tokens

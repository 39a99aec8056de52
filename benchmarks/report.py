"""The tables of docs/performance.md, each between the marks that bear its name."""

import datetime
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks.suites import FORMS, GROWTH, LARGE, SETTINGS, TOKENS
from benchmarks.targets import reached
from benchmarks.timing import ROOT, Suites, growth, median

DOCUMENT = ROOT / "docs" / "performance.md"


def write_tables(found: Suites) -> None:
    """Put every table whose suites are measured into the document."""
    text = DOCUMENT.read_text()
    for name, table in TABLES.items():
        try:
            lines = table(found)
        except KeyError:
            continue
        mark = f"<!-- {name} -->"
        new = "\n".join([mark, "", *lines, "", mark])
        text = re.sub(f"{mark}.*?{mark}", lambda _, new=new: new, text, flags=re.DOTALL)
    DOCUMENT.write_text(text)


def rows(head: str, body: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    count = head.count("|") + 1
    return [f"| {head} |", "|---" * count + "|", *(f"| {' | '.join(line)} |" for line in body)]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """The median with the least and the most."""
    low, high = min(values), max(values)
    return f"{median(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def targets(found: Suites) -> list[str]:
    """What was to be reached, and what was."""
    body = [[t.work, t.asked, t.found, "yes" if t.met else "**no**"] for t in reached(found)]
    return rows("work | target | measured | met", body)


def steps(found: Suites) -> list[str]:
    """The whole step, and what TRL spends on each part of its own."""
    body, peers = [], {**found["peers"], **found.get("large", {})}
    for setting in [name for name in {**SETTINGS, **LARGE} if f"{name}/trl" in peers]:
        theirs = peers[f"{setting}/trl"]
        wall, cpu = theirs["step_wall"], theirs["step_cpu"]
        memory = max(theirs["megabytes"])
        for name in ("grpo", "rlsd"):
            ours = peers[f"{setting}/{name}"]
            body.append(
                [
                    setting,
                    f"{name.upper()}, ours",
                    spread(ours["wall"]),
                    f"{median(ours['cpu']):.2f}",
                    f"{max(ours['megabytes']):,.0f}",
                    f"**{median(wall) / median(ours['wall']):.1f}**",
                    f"{median(cpu) / median(ours['cpu']):.1f}",
                ]
            )
        body.append(
            [setting, "GRPO, TRL", spread(wall), f"{median(cpu):.2f}", f"{memory:,.0f}", "1", "1"]
        )
    return rows("setting | step | wall s | CPU s | added MB | times as fast | by CPU", body)


def parts(found: Suites) -> list[str]:
    """Each part in each form, and in TRL's trainer."""
    body = []
    for setting in SETTINGS:
        for part, forms in FORMS.items():
            cases = {form: found["parts"][f"{setting}/{part}/{form}"] for form in forms}
            theirs = found["peers"][f"{setting}/trl"]
            base = cases["shared"]
            for form, case in cases.items():
                times = median(case["wall"]) / median(base["wall"])
                memory = max(case["megabytes"]) / max(base["megabytes"])
                body.append(
                    [
                        setting,
                        part,
                        f"`{form}`" if "e" in form and part == "sampling" else form,
                        spread(case["wall"]),
                        f"{median(case['cpu']):.2f}",
                        f"{max(case['megabytes']):,.0f}",
                        f"{median(case['operations']) / 1e9:,.0f}",
                        f"{times:.1f}",
                        f"{memory:.1f}",
                        f"{median(case['operations']) / median(base['operations']):.1f}",
                    ]
                )
            wall, cpu = theirs[f"{part}_wall"], theirs[f"{part}_cpu"]
            times = median(wall) / median(base["wall"])
            line = [setting, part, "TRL", spread(wall), f"{median(cpu):.2f}"]
            body.append([*line, "", "", f"{times:.1f}", "", ""])
    head = "setting | work | form | wall s | CPU s | added MB | GFLOP | time | memory | operations"
    return rows(head, body)


def floor(found: Suites) -> list[str]:
    """What the update reaches of the machine's matrix products."""
    body = [
        [
            hidden,
            f"{median(case['operations']) / 1e9:,.0f}",
            spread(case["wall"]),
            f"{median(case['rate']) / 1e9:,.0f}",
            f"{median(case['share']):.0%}",
        ]
        for hidden, case in found["floor"].items()
    ]
    return rows("hidden size | GFLOP an update | wall s | GFLOP/s of a product | share", body)


def growing(found: Suites) -> list[str]:
    """Time and memory at each size, and the exponent of the power law through them."""
    body, cases = [], found["growth"]
    for what, sizes in GROWTH.items():
        walls, memories, prompts = [], [], []
        for size in sizes:
            step = cases[f"{what}/{size}/grpo"]
            walls.append(median(step["wall"]))
            memories.append(max(step["megabytes"]))
            prompts.append(median(cases[f"{what}/{size}/prompts"]["wall"]))
        body.append(
            [
                what,
                ", ".join(map(str, sizes)),
                ", ".join(f"{wall:.2f}" for wall in walls),
                f"{growth(list(sizes), walls):.2f}",
                ", ".join(f"{memory:,.0f}" for memory in memories),
                f"{growth(list(sizes), memories):.2f}",
                ", ".join(f"{wall:.2f}" for wall in prompts),
            ]
        )
    head = "what doubles | sizes | step, s | exponent | added MB | exponent | prompts alone, s"
    return rows(head, body)


def cached(found: Suites) -> list[str]:
    """Tables of cached tokens, by size."""
    cases = [found["growth"][f"cached tokens/{count}/tables"] for count in TOKENS]
    named = {
        "write": "validate and write",
        "read": "read",
        "columns": "columns and segments",
        "methods": "all methods",
        "summaries": "summaries",
        "correlations": "rank correlations",
    }
    body = [
        [
            text,
            *(f"{case[name][0]:.2f}" for case in cases),
            f"{growth(TOKENS, [case[name][0] for case in cases]):.2f}",
        ]
        for name, text in named.items()
    ]
    memory = [case["megabytes"][0] for case in cases]
    body.append(
        ["added MB", *(f"{value:,.0f}" for value in memory), f"{growth(TOKENS, memory):.2f}"]
    )
    head = "seconds | " + " | ".join(f"{n / 1e6:g} million" for n in TOKENS) + " | exponent"
    return rows(head, body)


def weighting(found: Suites) -> list[str]:
    """Each method over ten million tokens, as a multiple of a copy."""
    case = found["weighting"]["weighting"]
    copy = median(case["copy"])
    body = [[n, spread(v, 3), f"{median(v) / copy:.1f}"] for n, v in case.items()]
    return rows("method | processor s | times a copy", body)


def pipeline(found: Suites) -> list[str]:
    """Seconds of an iteration, with and without everything around it."""
    case = found["pipeline"]["pipeline"]
    over = median(case["pipeline"]) / median(case["bare"]) - 1
    return [
        f"An iteration takes {spread(case['bare'])} s in the bare loop and "
        f"{spread(case['pipeline'])} s in the pipeline, **{over:.1%}** more: "
        f"{case['outside'][0]:.2f} s of it outside the stages, the rest within. The trained "
        f"weights differ by at most {max(case['difference']):.1e}."
    ]


def machine(found: Suites) -> list[str]:
    """Where and when."""
    cpus = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    model = cpus[0].split(":")[1].strip() if cpus else platform.processor()
    names = ("torch", "transformers", "dagster", "numpy", "pyarrow")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    today = f"{datetime.date.today():%-d %B %Y}"
    return [
        f"{today}, {len(cpus)} cores of an {model}, Python {platform.python_version()}, "
        f"{versions}; TRL 1.16.0 with the same torch and transformers. Two threads, float32."
    ]


TABLES: Mapping[str, Callable[[Suites], list[str]]] = {
    "machine": machine,
    "targets": targets,
    "steps": steps,
    "parts": parts,
    "floor": floor,
    "growth": growing,
    "cached tokens": cached,
    "weighting": weighting,
    "pipeline": pipeline,
}

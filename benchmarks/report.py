"""The records of what `make bench` measures, and the tables of docs/performance.md."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import NamedTuple

from benchmarks.records import FOLDER, SPREAD, Cell, measured, with_records, write
from benchmarks.suites import FORMS, GROWTH, LARGE, SETTINGS, TOKENS
from benchmarks.targets import reached
from benchmarks.timing import ROOT, Suites, growth, median

DOCUMENT = ROOT / "docs" / "performance.md"
LIBRARIES = ("torch", "transformers", "dagster", "numpy", "pyarrow")
FOUR = "{}, {}, {}, {}"


class Table(NamedTuple):
    """What is shown of some suites.

    Attributes:
        columns: Head and format of each.
        rows: A cell a column.
    """

    columns: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Cell]]


def write_tables(found: Suites) -> None:
    """Keep every table whose suites are measured, and put it into the document."""
    for name, (suites, table) in TABLES.items():
        try:
            columns, rows = table(found)
        except KeyError:
            continue
        command = f'make bench SUITES="{suites}"' if suites else "make bench"
        versions = {name: version(name) for name in LIBRARIES}
        record = measured(command, columns, rows, versions=versions)
        write(FOLDER / f"performance-{name}.json", record)
    DOCUMENT.write_text(with_records(DOCUMENT.read_text(), FOLDER))


def spread(values: Sequence[float]) -> list[float]:
    """The median with the least and the most."""
    return [median(values), min(values), max(values)]


def targets(found: Suites) -> Table:
    """What was to be reached, and what was."""
    heads = [(head, "{}") for head in ("work", "target", "measured", "met")]
    rows: list[Sequence[Cell]] = [
        [one.work, one.asked, [one.show, one.found], "yes" if one.met else "**no**"]
        for one in reached(found)
    ]
    return Table(heads, rows)


def steps(found: Suites) -> Table:
    """The whole step, and what TRL spends on each part of its own."""
    rows: list[Sequence[Cell]] = []
    peers = {**found["peers"], **found.get("large", {})}
    for setting in [name for name in {**SETTINGS, **LARGE} if f"{name}/trl" in peers]:
        theirs = peers[f"{setting}/trl"]
        wall, cpu = theirs["step_wall"], theirs["step_cpu"]
        for name in ("grpo", "rlsd"):
            ours = peers[f"{setting}/{name}"]
            times = [median(wall) / median(ours["wall"]), median(cpu) / median(ours["cpu"])]
            used: list[Cell] = [spread(ours["wall"]), median(ours["cpu"]), max(ours["megabytes"])]
            rows.append([setting, f"{name.upper()}, ours", *used, *times])
        used = [spread(wall), median(cpu), max(theirs["megabytes"])]
        rows.append([setting, "GRPO, TRL", *used, "1", "1"])
    columns = [
        *[("setting", "{}"), ("step", "{}"), ("wall s", SPREAD), ("CPU s", "{:.2f}")],
        *[("added MB", "{:,.0f}"), ("times as fast", "**{:.1f}**"), ("by CPU", "{:.1f}")],
    ]
    return Table(columns, rows)


def parts(found: Suites) -> Table:
    """Each part in each form, and in TRL's trainer."""
    rows: list[Sequence[Cell]] = []
    for setting in SETTINGS:
        for part, forms in FORMS.items():
            cases = {form: found["parts"][f"{setting}/{part}/{form}"] for form in forms}
            theirs = found["peers"][f"{setting}/trl"]
            base = cases["shared"]
            for form, case in cases.items():
                named = f"`{form}`" if "e" in form and part == "sampling" else form
                work = median(case["operations"])
                used: list[Cell] = [
                    spread(case["wall"]),
                    median(case["cpu"]),
                    max(case["megabytes"]),
                ]
                times = [
                    median(case["wall"]) / median(base["wall"]),
                    max(case["megabytes"]) / max(base["megabytes"]),
                    work / median(base["operations"]),
                ]
                rows.append([setting, part, named, *used, work / 1e9, *times])
            wall, cpu = theirs[f"{part}_wall"], theirs[f"{part}_cpu"]
            used = [spread(wall), median(cpu), None, None]
            rows.append(
                [setting, part, "TRL", *used, median(wall) / median(base["wall"]), None, None]
            )
    columns = [
        *[("setting", "{}"), ("work", "{}"), ("form", "{}"), ("wall s", SPREAD)],
        *[("CPU s", "{:.2f}"), ("added MB", "{:,.0f}"), ("GFLOP", "{:,.0f}")],
        *[(name, "{:.1f}") for name in ("time", "memory", "operations")],
    ]
    return Table(columns, rows)


def floor(found: Suites) -> Table:
    """What the update reaches of the machine's matrix products."""
    rows: list[Sequence[Cell]] = [
        [
            hidden,
            median(case["operations"]) / 1e9,
            spread(case["wall"]),
            median(case["rate"]) / 1e9,
            median(case["share"]),
        ]
        for hidden, case in found["floor"].items()
    ]
    columns = [
        *[("hidden size", "{}"), ("GFLOP an update", "{:,.0f}"), ("wall s", SPREAD)],
        *[("GFLOP/s of a product", "{:,.0f}"), ("share", "{:.0%}")],
    ]
    return Table(columns, rows)


def growing(found: Suites) -> Table:
    """Time and memory at each size, and the exponent of the power law through them."""
    rows: list[Sequence[Cell]] = []
    cases = found["growth"]
    for what, sizes in GROWTH.items():
        steps = [cases[f"{what}/{size}/grpo"] for size in sizes]
        walls = [median(step["wall"]) for step in steps]
        memories = [max(step["megabytes"]) for step in steps]
        prompts = [median(cases[f"{what}/{size}/prompts"]["wall"]) for size in sizes]
        exponents = [growth(list(sizes), values) for values in (walls, memories)]
        rows.append([what, list(sizes), walls, exponents[0], memories, exponents[1], prompts])
    seconds, megabytes = FOUR.replace("{}", "{:.2f}"), FOUR.replace("{}", "{:,.0f}")
    columns = [
        *[("what doubles", "{}"), ("sizes", FOUR), ("step, s", seconds), ("exponent", "{:.2f}")],
        *[("added MB", megabytes), ("exponent", "{:.2f}"), ("prompts alone, s", seconds)],
    ]
    return Table(columns, rows)


def cached(found: Suites) -> Table:
    """Tables of cached tokens, by size."""
    cases = [found["growth"][f"cached tokens/{count}/tables"] for count in TOKENS]
    named = {
        "write": "validate and write",
        "read": "read",
        "columns": "columns and segments",
        "methods": "all methods",
        "summaries": "summaries",
        "correlations": "rank correlations",
        "megabytes": "added MB",
    }
    rows: list[Sequence[Cell]] = []
    for name, text in named.items():
        values = [case[name][0] for case in cases]
        show = "{:,.0f}" if name == "megabytes" else "{:.2f}"
        cells: list[Cell] = [[show, value] for value in values]
        rows.append([text, *cells, growth(TOKENS, values)])
    columns = [(f"{count / 1e6:g} million", "{}") for count in TOKENS]
    return Table([("seconds", "{}"), *columns, ("exponent", "{:.2f}")], rows)


def weighting(found: Suites) -> Table:
    """Each method over ten million tokens, as a multiple of a copy; the fastest first."""
    case = found["weighting"]["weighting"]
    copy = median(case["copy"])
    names = sorted(case, key=lambda name: (name != "copy", median(case[name])))
    columns = [("method", "{}"), ("processor s", "{:.3f}"), ("times a copy", "{:.1f}")]
    return Table(columns, [[n, median(case[n]), median(case[n]) / copy] for n in names])


def pipeline(found: Suites) -> Table:
    """Seconds of an iteration, with and without everything around it."""
    case = found["pipeline"]["pipeline"]
    row: list[Cell] = [
        spread(case["bare"]),
        spread(case["pipeline"]),
        median(case["pipeline"]) / median(case["bare"]) - 1,
        case["outside"][0],
        max(case["difference"]),
    ]
    columns = [
        *[("bare loop, s", SPREAD), ("pipeline, s", SPREAD), ("more", "**{:.1%}**")],
        *[("outside the stages, s", "{:.2f}"), ("weights differ by at most", "{:.1e}")],
    ]
    return Table(columns, [row])


TABLES: Mapping[str, tuple[str, Callable[[Suites], Table]]] = {
    "targets": ("", targets),
    "steps": ("peers large", steps),
    "parts": ("parts peers", parts),
    "floor": ("floor", floor),
    "growth": ("growth", growing),
    "cached-tokens": ("growth", cached),
    "weighting": ("weighting", weighting),
    "pipeline": ("pipeline", pipeline),
}
"""Name of the record, behind `performance-` -> its suites, and the table of what they found."""

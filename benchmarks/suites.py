"""The suites of `make bench`: the cases of each, and how often they take turns."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.timing import ROOT, Case, ours, run_case
from benchmarks.workload import Workload

FOLDER = ROOT / ".bench"
TRL = ROOT / ".venv-trl" / "bin" / "python"

SETTINGS = {
    "256 image tokens": Workload(),
    "16 image tokens": Workload(image_tokens=16),
}
"""16 prompts x 8 responses of 32 tokens, with a vocabulary of 2,048."""

LARGE = {f"{name}, vocabulary 32,768": w._replace(vocabulary=32768) for name, w in SETTINGS.items()}
"""The same with a head that costs as much as the layers."""

GROWTH: Mapping[str, Mapping[int, Workload]] = {
    "group size": {n: Workload(prompts=4, group=n) for n in (8, 16, 32, 64)},
    "response tokens": {n: Workload(prompts=8, tokens=n) for n in (16, 32, 64, 128)},
    "image tokens": {n: Workload(prompts=8, image_tokens=n) for n in (64, 128, 256, 512)},
    "prompts": {n: Workload(prompts=n) for n in (4, 8, 16, 32)},
}
"""What doubles -> its sizes, each as the workload of a whole GRPO step."""

FORMS = {
    "sampling": ("shared", "generate", "num_return_sequences"),
    "scoring": ("shared", "repeated", "plain"),
    "update": ("shared", "repeated", "plain"),
}
"""Part of a step -> the forms it is timed in."""

TOKENS = (1_250_000, 2_500_000, 5_000_000, 10_000_000)


class Suite(NamedTuple):
    """Cases that take turns.

    Attributes:
        cases: Each in a process of its own.
        rounds: How often each has its turn.
    """

    cases: Sequence[Case]
    rounds: int


def written(workload: Workload) -> Path:
    """The model of a workload on disk, so that another environment can load it."""
    folder = FOLDER / f"model-{workload.image_tokens}-{workload.vocabulary}"
    if not (folder / "config.json").exists():
        run_case(ours("model", "workload", folder, *workload.arguments))
    return folder


def trl(name: str, workload: Workload) -> Case:
    """TRL's trainer on the same work.

    Raises:
        SystemExit: Its environment is not there.
    """
    if not TRL.exists():
        raise SystemExit(f"{TRL} is missing: `make bench` makes the environment of TRL")
    script = ROOT / "benchmarks" / "trl_steps.py"
    command = [TRL, script, written(workload), *workload.arguments]
    return Case(name, list(map(str, command)))


def peers() -> Suite:
    """The whole step, ours and TRL's."""
    return Suite(_steps(SETTINGS), rounds=2)


def large() -> Suite:
    """The same with a large vocabulary, under which TRL's step takes a minute."""
    return Suite(_steps(LARGE), rounds=1)


def _steps(settings: Mapping[str, Workload]) -> list[Case]:
    cases = []
    for name, workload in settings.items():
        for method in ("grpo", "rlsd"):
            cases.append(ours(f"{name}/{method}", "steps", method, "shared", *workload.arguments))
        cases.append(trl(f"{name}/trl", workload))
    return cases


def parts() -> Suite:
    """Each part of the step in the shared form and in the plain ones."""
    cases = [
        ours(f"{name}/{part}/{form}", "steps", part, form, *workload.arguments)
        for name, workload in SETTINGS.items()
        for part, names in FORMS.items()
        for form in names
    ]
    return Suite(cases, rounds=3)


def floor() -> Suite:
    """The update against the machine's matrix products."""
    sizes = (128, 256, 512)
    return Suite([ours(f"{n}", "floor", *Workload(hidden=n).arguments) for n in sizes], rounds=1)


def growth() -> Suite:
    """A GRPO step, and the pass of its prompts alone, as each quantity doubles."""
    cases = [
        ours(f"{what}/{size}/{part}", "steps", part, "shared", *workload.arguments)
        for what, sizes in GROWTH.items()
        for size, workload in sizes.items()
        for part in ("grpo", "prompts")
    ]
    cases += [ours(f"cached tokens/{n}/tables", "tables", "--tokens", n) for n in TOKENS]
    return Suite(cases, rounds=1)


def weighting() -> Suite:
    """Every method over ten million tokens in memory."""
    return Suite([ours("weighting", "weighting")], rounds=1)


def pipeline() -> Suite:
    """Dagster and artifacts around the stages."""
    return Suite([ours("pipeline", "pipeline")], rounds=1)


SUITES: Mapping[str, Callable[[], Suite]] = {
    "peers": peers,
    "large": large,
    "parts": parts,
    "floor": floor,
    "growth": growth,
    "weighting": weighting,
    "pipeline": pipeline,
}

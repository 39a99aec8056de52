"""`rlsd`: the loop of the asset graph from the command line, in one process.

Commands import what they need when they run, so that `--help` answers at once.
"""

from contextlib import suppress
from pathlib import Path

import click

from assets.cli.faults import Commands

EXPERIMENT = click.argument("experiment")
ARM = click.option("--arm", "arms", multiple=True, help="Only this arm, for example rlsd-s0.")
PROMPTS = click.option(
    "--prompts",
    type=click.IntRange(min=2),
    help="A batch of so many problems before the same policy, sampled, scored and valued for it.",
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rlsd-pipeline")
def main() -> None:
    """Reinforcement learning with verifiable rewards and self-distillation, stage by stage.

    EXPERIMENT is a folder of assets/experiments (such as easy_vqa) or the path of a YAML file. It
    is called by its folder, or by its file where that is not defs.yaml.
    """


@main.command()
def demo() -> None:
    """Train GRPO and RLSD on easy-VQA, evaluate both, and print where to look."""
    from assets.cli.train import train

    train("easy_vqa", arms=(), iterations=None)


@main.command()
@EXPERIMENT
@ARM
@click.option("--iterations", type=click.IntRange(min=1), help="Updates, at most the declared.")
def train(experiment: str, arms: tuple[str, ...], iterations: int | None) -> None:
    """Train the arms of EXPERIMENT; goes on from the last complete artifact."""
    from assets.cli.train import train as run

    run(experiment, arms=arms, iterations=iterations)


@main.command()
@EXPERIMENT
@ARM
@click.option("--iteration", type=click.IntRange(min=0), help="Updates of the policy; the newest.")
@click.option("--benchmark", "benchmarks", multiple=True, help="Only this one, such as mathvista.")
def evaluate(
    experiment: str, arms: tuple[str, ...], iteration: int | None, benchmarks: tuple[str, ...]
) -> None:
    """Score the newest policy of every arm of EXPERIMENT on its benchmarks, and its base.

    An evaluation that is interrupted goes on where it stopped.
    """
    from assets.cli.train import evaluate as run

    run(experiment, arms=arms, iteration=iteration, benchmarks=benchmarks)


@main.command()
@click.argument("benchmark")
@click.option("--items", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--predictions", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--mode", type=click.Choice(["official", "robust"]), default="robust")
@click.option("--split", help="Which split the rows are; the benchmark's first by default.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def score(
    benchmark: str, items: Path, predictions: Path, mode: str, split: str | None, as_json: bool
) -> None:
    """Score stored responses to BENCHMARK; nothing is generated.

    BENCHMARK is mmmu, mmmu_pro, mathvista, mathvista_published, mathvision, zerobench or wemath.
    One of your own is `./file.py:Class` or `package.module.Class`.

    --items are the benchmark's rows in their official layout. --predictions are the responses as
    the authors' harness writes them (JSON by id, a JSON list, MMMU's folder of SUBJECT/output.json)
    or JSON lines with `id` and `response`, or `extraction` where the answer is already extracted.
    """
    from assets.cli.score import score as run

    run(benchmark, items=items, predictions=predictions, mode=mode, split=split, as_json=as_json)


@main.command()
@EXPERIMENT
@click.option("--arm", required=True, help="Whose rollouts, for example rlsd-s0.")
@click.option("--iteration", type=click.IntRange(min=0), required=True, help="Which of them.")
@PROMPTS
def values(experiment: str, arm: str, iteration: int, prompts: int | None) -> None:
    """Measure what every token of one iteration of EXPERIMENT was worth.

    The policy continues from each state of its rollouts; `token_values` of the YAML says how often
    and from which. `rlsd compare` then holds the credit of all methods against it.
    """
    from assets.cli.values import values as run

    run(experiment, arm=arm, iteration=iteration, prompts=prompts)


@main.command()
@EXPERIMENT
@click.option("--arm", required=True, help="Whose rollouts, for example rlsd-s0.")
@click.option("--iteration", type=click.IntRange(min=0), required=True, help="Which of them.")
@click.option("--gradients", is_flag=True, help="Load the policy; add norms and cosines.")
@PROMPTS
@click.option("--lookahead", is_flag=True, help="One update by each method, then evaluate each.")
@click.option("--columns", is_flag=True, help="Score first what methods read and the arm has not.")
def compare(
    experiment: str,
    arm: str,
    iteration: int,
    prompts: int | None,
    gradients: bool,
    lookahead: bool,
    columns: bool,
) -> None:
    """Compare all methods on the rollouts of one iteration of EXPERIMENT.

    Works from cached tables alone; no model is loaded without --columns, --prompts, --gradients or
    --lookahead. What --columns scores stays: the comparison of these rollouts reads it from then.
    """
    from assets.cli.compare import compare as run

    run(
        experiment,
        arm,
        iteration,
        prompts=prompts,
        gradients=gradients,
        lookahead=lookahead,
        columns=columns,
    )


@main.command("import")
@EXPERIMENT
@click.option(
    "--from",
    "source",
    nargs=2,
    required=True,
    metavar="FORMAT PATH",
    help="trl, verl, ms_swift, prime_rl, slime, nemo_rl, open_instruct or generic, and the log.",
)
@click.option("--step", "steps", type=int, multiple=True, help="The trainer's step; repeatable.")
@ARM
@click.option("--iteration", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--model", help="Folder or hub id, in a new YAML: tokens, and scores by it.")
@click.option(
    "--verify",
    type=click.Choice(["instead", "beside"]),
    is_flag=False,
    flag_value="instead",
    help="Verify anew: `beside` keeps the logged rewards as they count.",
)
@click.option("--correct-from", type=float, help="Logged reward that counts as correct.")
@click.option("--option", "pairs", multiple=True, help="NAME=VALUE of the format, repeatable.")
def import_(
    experiment: str,
    source: tuple[str, str],
    steps: tuple[int, ...],
    arms: tuple[str, ...],
    iteration: int,
    model: str | None,
    verify: str | None,
    correct_from: float | None,
    pairs: tuple[str, ...],
) -> None:
    """Import rollouts that another trainer has written down into EXPERIMENT.

    EXPERIMENT may be a YAML file that is not there yet: it is written, and declares the import. Of
    one that is there, the rollouts and rewards of an iteration are imported; the prompts must be
    those of its data set. Nothing of a log is unpickled or run.
    """
    from assets.cli.imports import import_rollouts, options
    from rlsd_pipeline.imports.declaring import ImportRequest

    name, path = source
    request = ImportRequest(
        name, Path(path), options(pairs), steps, iteration, model, verify or "no", correct_from
    )
    import_rollouts(experiment, request, arms)


@main.command()
@EXPERIMENT
@click.argument("what")
@click.option("--arm", help="Whose, for example rlsd-s0; the first arm.")
@click.option("--iteration", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--table", "record", help="Which of the stage's tables, such as ImportedRollout.")
@click.option("--method", default="rlsd", show_default=True, help="Of `advantages`.")
@click.option(
    "--for",
    "form",
    type=click.Choice(["plain", "trl", "verl", "prime_rl"]),
    default="plain",
    show_default=True,
    help="Whose names the columns of `advantages` bear.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file or folder.")
def export(
    experiment: str,
    what: str,
    arm: str | None,
    iteration: int,
    record: str | None,
    method: str,
    form: str,
    out: Path,
) -> None:
    """Write a table of EXPERIMENT for other tools.

    WHAT is a stage, such as rollouts, rewards, logprobs or token_weights; or `advantages`: the
    per-token advantages of a method beside token ids. --out ends in .parquet or .jsonl, or is a
    folder that `datasets.load_from_disk` reads.
    """
    from assets.cli.export import export as run

    run(
        experiment,
        what,
        arm=arm,
        iteration=iteration,
        record=record,
        method=method,
        form=form,
        out=out,
    )


@main.command()
@EXPERIMENT
@click.option("--arm", help="Whose tokens to show; the first arm with a teacher.")
@click.option("--iteration", type=click.IntRange(min=0), help="Which of its iterations.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
def report(experiment: str, arm: str | None, iteration: int | None, out: Path | None) -> None:
    """Write everything EXPERIMENT has shown so far into one HTML file that needs no network."""
    from assets.cli.report import report as run

    run(experiment, arm=arm, iteration=iteration, out=out)


@main.command()
@EXPERIMENT
@click.option("--arm", help="Also measure what the reference does to this arm's teacher.")
@click.option("--iteration", type=click.IntRange(min=0), default=0, show_default=True)
def diagnose(experiment: str, arm: str | None, iteration: int) -> None:
    """Decide stability, improvement and leakage from what EXPERIMENT recorded.

    With --arm, the teacher scores that iteration's rollouts under every answer of their group:
    mutual information, deviation ratio and corruption probe.
    """
    from assets.cli.diagnose import diagnose as run

    run(experiment, arm=arm, iteration=iteration)


@main.command()
@EXPERIMENT
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "latex", "csv"]),
    default="table",
    show_default=True,
    help="All but `table` for a document, beside what the paper reports.",
)
def results(experiment: str, form: str) -> None:
    """Print the scores of all methods of EXPERIMENT, with intervals and paired tests."""
    from assets.cli.results import print_results

    print_results(experiment, form)


@main.command()
@EXPERIMENT
@click.option(
    "--difference",
    type=click.FloatRange(min=0, min_open=True),
    required=True,
    help="The true difference to show, such as 0.02: two points of accuracy.",
)
@click.option("--benchmark", help="Only this one, such as mathvista.")
@click.option(
    "--probability",
    type=click.FloatRange(min=0.5, max=1, max_open=True),
    default=0.8,
    show_default=True,
    help="With which a difference of that size is to be shown.",
)
def power(experiment: str, difference: float, benchmark: str | None, probability: float) -> None:
    """Print how many seeds, and questions, would show a difference between methods.

    The seeds that EXPERIMENT has trained are the pilot: how much a method's paired difference
    varies over them, and what part of that comes of finitely many questions.
    """
    from assets.cli.power import power as run

    run(experiment, difference=difference, benchmark=benchmark, probability=probability)


@main.command()
@EXPERIMENT
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def plan(experiment: str, as_json: bool) -> None:
    """Print what EXPERIMENT takes on its declared hardware: memory, work, time and disk.

    Nothing is downloaded or trained. Ends with an error where something cannot fit, and says what
    would.
    """
    from assets.cli.plan import plan as run

    run(experiment, as_json=as_json)


@main.command()
@EXPERIMENT
def status(experiment: str) -> None:
    """Show how far every arm of EXPERIMENT is, and its newest scores."""
    from assets.cli.status import status as run

    run(experiment)


@main.command()
@EXPERIMENT
@click.option("--arm", required=True, help="Whose, for example rlsd-s0.")
@click.option("--iteration", type=click.IntRange(min=0), required=True, help="Which of them.")
@click.option("--stage", help="Such as rewards or benchmark_scores.greedy; all that are there.")
def explain(experiment: str, arm: str, iteration: int, stage: str | None) -> None:
    """Say why a stage of EXPERIMENT would be computed again, or that it is current.

    Every field in which the artifact and today's request differ is named, with both values.
    """
    from assets.cli.explain import explain as run

    run(experiment, arm=arm, iteration=iteration, stage=stage)


@main.command()
@click.argument("experiment", required=False)
@click.option("--older-than", default="1d", show_default=True, help="Spare what is younger.")
@click.option("--logs-older-than", default="30d", show_default=True, help="Spare younger logs.")
@click.option("--optimizer", type=click.Choice(["newest", "all"]), help="Instead of the declared.")
@click.option(
    "--checkpoints-every",
    type=click.IntRange(min=1),
    help="Keep the weights after a multiple of so many updates, instead of the declared.",
)
@click.option("--dry-run", is_flag=True, help="Only print, even with --yes.")
@click.option("--yes", is_flag=True, help="Delete what is printed.")
def gc(
    experiment: str | None,
    older_than: str,
    logs_older_than: str,
    optimizer: str | None,
    checkpoints_every: int | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """Delete what the store need not keep: nothing without --yes.

    That is what no reference reaches, what killed processes left, and what `retention` of
    EXPERIMENT (of every experiment here, without one) does not keep, and the logs of runs that
    ended long ago; what they materialized stays in Dagster's history. A deleted checkpoint file can
    be computed again by `rlsd restore`.
    """
    from assets.cli.gc import gc as run

    run(
        experiment,
        older_than=older_than,
        logs_older_than=logs_older_than,
        optimizer=optimizer,
        checkpoints_every=checkpoints_every,
        delete=yes and not dry_run,
    )


@main.command()
@EXPERIMENT
@click.option("--arm", required=True, help="Whose policy, for example rlsd-s0.")
@click.option("--iteration", type=click.IntRange(min=0), required=True, help="Its updates.")
def restore(experiment: str, arm: str, iteration: int) -> None:
    """Compute again what `rlsd gc` deleted of a policy, to the same bytes."""
    from assets.cli.gc import restore as run

    run(experiment, arm=arm, iteration=iteration)


@main.command()
@EXPERIMENT
def adopt(experiment: str) -> None:
    """Let EXPERIMENT go on with the results of another file of its name, which was here first.

    A file that was moved needs no telling: the name is free once its file is gone.
    """
    from assets.cli.adopt import adopt as run

    run(experiment)


@main.command()
@click.argument("experiment", required=False)
@click.option("--mend", is_flag=True, help="Mend what can be found again or computed anew.")
@click.option("--quick", is_flag=True, help="Go by names and sizes; read no large file.")
@click.option(
    "--rebuild-history",
    is_flag=True,
    help="Set Dagster's history aside and write a new one from the store.",
)
def doctor(experiment: str | None, mend: bool, quick: bool, rebuild_history: bool) -> None:
    """Check the store and Dagster's history: say what is damaged, why, and what mends it.

    Of EXPERIMENT, or of all. --mend finds lost references again where something else names their
    artifact, and sets damaged artifacts aside, so that the next training computes them anew. Ends
    with 1 where damage is left.

    --rebuild-history is of the whole home; an EXPERIMENT outside the checkout is named so that its
    checks are done as well. End `rlsd ui` and every training of the home before it.
    """
    from assets.cli.doctor import doctor as run

    run(experiment, mend=mend, quick=quick, rebuild_history=rebuild_history)


@main.command()
@click.option("--port", default=3000, show_default=True, help="Port on this machine.")
def ui(port: int) -> None:
    """Open the Dagster UI with its daemon, reachable from this machine only.

    It starts no training: what a person switched on or left running goes on.
    """
    from assets.cli.ui import ui as run

    run(port)


def experiment_file(experiment: str) -> Path:
    """The YAML file of an experiment given by its name or path, or by its name in this home.

    Raises:
        ConfigError: There is no such experiment.
    """
    from assets.home import EXPERIMENTS
    from assets.naming import declared_files, experiment_name, known_file
    from rlsd_pipeline.config.strict import nearest
    from rlsd_pipeline.errors import ConfigError

    given = Path(experiment)
    for path in (EXPERIMENTS / experiment / "defs.yaml", given, given / "defs.yaml"):
        # No file has a name that is too long.
        with suppress(OSError):
            if path.is_file():
                return path.resolve()
    declared = {experiment_name(path): path for path in declared_files()}
    if (found := declared.get(experiment) or known_file(experiment)) is not None:
        return found.resolve()
    known = sorted(declared)
    raise ConfigError(
        f"no experiment {experiment!r}: {nearest(experiment, known, 'experiments')}; or give the "
        "path of a YAML file"
    )

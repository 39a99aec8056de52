"""`rlsd plan`: memory, time and disk of an experiment on its declared hardware, as tables."""

import json

import click
from pydantic import TypeAdapter

from assets.cli.fitted import show
from assets.cli.train import quiet_libraries
from assets.naming import experiment_file, experiment_name
from rlsd_pipeline.config.experiment import ExperimentConfig, load_experiment
from rlsd_pipeline.config.hardware import AssumptionsConfig
from rlsd_pipeline.plan.lengths import with_data_lengths
from rlsd_pipeline.plan.machine import describe
from rlsd_pipeline.plan.memory import GIB
from rlsd_pipeline.plan.planning import Plan, make_plan
from rlsd_pipeline.plan.refusal import planned_hardware, refusal
from rlsd_pipeline.tables.table import Cell, Table, table_of_cells

_HOUR = 3600.0
_STAGES = ("sampling", "values", "scoring", "update")

_LENGTHS = {
    True: "prompts     as long as the data's own, measured with the model's tokenizer",
    False: "prompts     as long as is allowed: data or tokenizer are not at hand to be measured",
}
"""Whether lengths were measured -> what is said of them."""


def plan(experiment: str, *, as_json: bool) -> None:
    """Print the plan; exits with 1 where something cannot fit."""
    quiet_libraries()
    file = experiment_file(experiment)
    allowed = load_experiment(file)
    declared = with_data_lengths(allowed)
    made = make_plan(experiment_name(file), declared, planned_hardware(declared))
    if as_json:
        click.echo(json.dumps(_as_json(made, declared), indent=2))
    else:
        show(
            f"{made.name}, planned for {describe(made.hardware)}",
            *(_parameters(made), _memory(made), _work(made)),
            *(_time(made, declared.assumptions), _disk(made), _summary(made, declared)),
            _LENGTHS[declared is not allowed],
        )
    if made.refusals:
        raise click.ClickException(refusal(made))


def _as_json(made: Plan, declared: ExperimentConfig) -> dict[str, object]:
    return {
        **TypeAdapter(Plan).dump_python(made, mode="json"),
        "assumptions": declared.assumptions.model_dump(),
        "parameters": made.architecture.parameters,
        "seconds": made.seconds,
        "disk": {
            "everything": made.everything,
            "collected": made.collected,
            "peak": made.peak,
        },
        "refusals": made.refusals,
    }


def _parameters(made: Plan) -> Table:
    model, lora = made.architecture, made.spread.lora
    sizes = {
        "decoder layers": model.language,
        "embedding": model.embedding,
        "head": model.head,
        "vision tower": model.vision.parameters if model.vision else 0,
    }
    shown = {name: _millions(size) for name, size in sizes.items()}
    if not model.head:
        shown["head"] = "tied"
    rows = [(name, size, size if lora is None else None) for name, size in shown.items()]
    if lora is not None:
        rows.append((f"LoRA, rank {lora.rank}", _millions(made.trained), _millions(made.trained)))
    everything = model.parameters + (0 if lora is None else made.trained)
    rows.append(("together", _millions(everything), _millions(made.trained)))
    title = f"parameters of {model.name}, millions"
    return table_of_cells(title, ("part", "all", "trained"), rows, ruled={len(rows) - 1})


def _memory(made: Plan) -> Table:
    phases = made.phases
    parts = dict.fromkeys(name for phase in phases for name in phase.parts)
    sizes = [(name, [phase.parts.get(name) for phase in phases]) for name in parts]
    sizes.append(("together", [phase.total for phase in phases]))
    rows: list[list[Cell]] = [
        [name, *(None if size is None else size / GIB for size in of)] for name, of in sizes
    ]
    title = f"memory of one device, GiB of {made.hardware.figures.memory_gib:.0f}"
    heads = ["part", *(phase.name for phase in phases)]
    return table_of_cells(title, heads, rows, form=".2f", ruled={len(rows) - 1})


def _work(made: Plan) -> Table:
    rows: list[tuple[str, ...]] = []
    for method in made.methods:
        read, needed = method.work.plain, method.operations
        scoring = sum(needed.scoring.values())
        stages = (needed.prefill + needed.decode, needed.values, scoring, needed.update)
        tokens = (read.prompts * read.prompt_tokens, read.responses * read.response_tokens)
        counts = (f"{read.prompts:,}", f"{read.responses:,}")
        operations = map(_scaled, (sum(stages), *stages))
        rows.append((method.method, *operations, *counts, *map(_scaled, tokens)))
    return table_of_cells(
        "one iteration: tokens, and floating-point operations",
        ("method", "all", *_STAGES, "prompts", "responses", "prompt tokens", "response tokens"),
        rows,
        ["each prompt with its image is run once for its group; at expected lengths"],
    )


def _time(made: Plan, assumed: AssumptionsConfig) -> Table:
    spread, rows = made.spread, []
    for method in made.methods:
        seconds = method.seconds
        scoring = sum(value for name, value in seconds.items() if name.startswith("scoring"))
        whole = sum(seconds.values())
        first = seconds["sampling"], seconds.get("values", 0.0)
        cells = (*first, scoring, seconds["update"], seconds["writing"])
        hours = made.iterations * whole / _HOUR
        rows.append((method.method, *map(_digits, (hours, whole, *cells))))
    note = (
        f"devices: sampling {spread.engine_copies * spread.engine_devices}, scoring "
        f"{spread.scoring_devices}, update {spread.shards}; at {assumed.prefill_mfu:.0%} of their "
        "peak without "
        f"gradients and {assumed.training_mfu:.0%} in the update; decoding at "
        f"{assumed.decode_bandwidth:.0%} of the memory's bandwidth, the last responses of the "
        f"longest allowed length; checkpoints at {assumed.storage_gb_per_second:g} GB/s"
    )
    heads = ("method", f"{made.iterations} iterations, h", "all", *_STAGES, "writing")
    return table_of_cells("time of one iteration, seconds", heads, rows, [note])


def _disk(made: Plan) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for method in made.methods:
        one = method.written
        sizes = (sum(one.tables.values()), one.weights, one.optimizer, one.teacher)
        runs = (method.disk.everything, method.disk.collected)
        rows.append((method.method, *map(_scaled, (*runs, *sizes)), method.seeds))
    written = ("tables", "weights", "optimizer", "teacher")
    return table_of_cells(
        "artifacts before compression, bytes",
        ("method", "run, all kept", "run, collected", *written, "seeds"),
        rows,
        [
            "tables to teacher: of one iteration; runs: of one seed. Collected: all tables, the "
            "weights that are evaluated or to be kept, optimizer and teacher of the newest. Images "
            "and benchmark responses are left out"
        ],
    )


def _summary(made: Plan, declared: ExperimentConfig) -> str:
    expected, sampling = declared.assumptions, declared.sampling
    evaluated = made.evaluation
    hours = made.seconds / _HOUR
    arms = sum(method.seeds for method in made.methods)
    spread, room = made.spread, made.methods[0].engine
    again = "layers computed again" if spread.checkpointing else "all activations kept"
    lines = [
        "memory      for the longest prompts and responses, of the method that takes most",
        f"precision   update {8 * (spread.master_bytes or spread.weight_bytes)} bits, computed in "
        f"{8 * spread.compute_bytes}; scoring {8 * spread.scoring_bytes}; sampling "
        f"{8 * spread.engine_bytes}",
        f"update      over {spread.shards} device(s), {spread.micro_batch_tokens:,} tokens at once "
        f"on each, {again}",
        f"expected    {expected.prompt_tokens or sampling.max_prompt_tokens:,} prompt tokens "
        f"({expected.image_tokens:,} of an image) and "
        f"{expected.response_tokens or sampling.max_tokens:,} response tokens on average; at most "
        f"{sampling.max_prompt_tokens:,} and {sampling.max_tokens:,}",
        f"engine      {spread.engine_copies}, each on {spread.engine_devices} device(s) with room "
        f"for {room.tokens:,} tokens: {room.rows:,} responses of the longest length",
        f"evaluation  {sum(evaluated.responses.values()):,} responses and "
        f"{_digits(evaluated.seconds / _HOUR)} h a policy, {made.evaluations} policies an arm"
        + (f" (without {', '.join(evaluated.unknown)})" if evaluated.unknown else ""),
        f"whole run   {arms} arms: {_digits(hours)} h, "
        f"{_digits(hours * made.hardware.devices)} device-hours",
        f"disk        {_scaled(made.peak)}B at most; {_scaled(made.everything)}B if all is kept, "
        f"{_scaled(made.collected)}B after garbage collection",
    ]
    return "\n".join(lines)


def _digits(value: float) -> str:
    """Three digits, and all before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _scaled(amount: float) -> str:
    """Three digits and the prefix of a power of 1000."""
    for prefix, size in (("E", 1e18), ("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if amount >= size:
            return f"{amount / size:.3g} {prefix}"
    return f"{amount:.3g} " if amount else "-"


def _millions(size: int) -> str:
    return f"{size / 1e6:,.1f}" if size >= 1e7 else f"{size / 1e6:,.3f}"

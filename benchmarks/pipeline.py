"""The pipeline against the bare loop of the same stages: `python -m benchmarks.pipeline`.

Both train the same arm from the same policy on the same questions, one iteration after the other
in turns: once through Dagster, with artifacts, tables, checks and events, and once with nothing
around the computation. Their weights must agree in the end, so that both did the same work.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
import yaml

from assets.cli.loop import Loop, open_instance
from benchmarks.bare_step import Asked, Sizes, bare_step
from benchmarks.timing import emit
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.privileged.context import JudgedRollout
from rlsd_pipeline.privileged.shown import teacher_texts
from rlsd_pipeline.progress import Silent
from rlsd_pipeline.rewards.parts import rewarded
from rlsd_pipeline.rewards.reward_function import Response
from rlsd_pipeline.rollouts.engine import Completion
from rlsd_pipeline.stages.iteration.prompts import student_prompt
from rlsd_pipeline.stages.iteration.rewards import verify
from rlsd_pipeline.stages.iteration.sampling import choose_problems, draw_seed
from rlsd_pipeline.stages.workspace import StageRun
from schemas import FinishReason

ARM = "rlsd-s0"


def declared(prompts: int, iterations: int) -> dict[str, object]:
    """An experiment whose iterations take seconds."""
    return {
        "dataset": {"type": "easy_vqa", "train_questions": 2000, "test_questions": 10},
        "model": {
            "type": "tiny_qwen3_vl",
            "hidden_size": 128,
            "layers": 4,
            "intermediate_size": 384,
            "attention_heads": 4,
            "key_value_heads": 2,
            "warm_start": {"steps": 60},
        },
        "sampling": {"prompts": prompts, "max_prompt_tokens": 256, "max_tokens": 40},
        "teacher": {"type": "live"},
        "update": {"learning_rate": 1e-4},
        "arms": [{"weighting": {"type": "rlsd"}}],
        "iterations": iterations,
        "evaluation": {"benchmarks": [{"type": "heldout", "name": "greedy"}]},
    }


def ask(run: StageRun, policy: Policy, number: int) -> Asked:
    """The questions, prompts and verdicts that the pipeline has at this iteration."""
    experiment, workspace = run.experiment, run.workspace
    known = workspace.problems(run.read("problems"))
    train = [problem for problem in known.values() if problem.split == "train"]
    chosen = choose_problems(train, experiment.sampling.prompts, number, run.arm.seed)
    texts = teacher_texts(
        experiment.prompts, run.arm.privileged, [JudgedRollout(one, "") for one in chosen]
    )
    system = experiment.prompts.system

    def reward(place: int, completion: Completion) -> float:
        reason, ids = completion.finish_reason, completion.completion_ids
        text = policy.turn(ids).text
        cut = reason is FinishReason.LENGTH
        verdict, extracted, _ = verify(workspace, text, chosen[place], cut=cut)
        response = Response(
            problem=chosen[place],
            completion=text,
            completion_ids=np.array(ids, dtype=np.int32),
            finish_reason=reason,
            verdict=verdict,
            extracted=extracted,
            format_ok=workspace.verifier.format_ok(text),
            max_tokens=experiment.sampling.max_tokens,
        )
        return (
            rewarded(experiment.reward, [response], Groups([chosen[place].problem_id])).rewards[0]
            or 0.0
        )

    return Asked(
        [student_prompt(experiment, policy, one) for one in chosen],
        [
            policy.encode(text or "", one.images, system)
            for text, one in zip(texts, chosen, strict=True)
        ],
        reward,
        [one.problem_id for one in chosen],
        draw_seed(run.arm.seed, number, 0),
    )


def largest_difference(one: Policy, other: Policy) -> float:
    """Of any two weights."""
    pairs = zip(one.model.parameters(), other.model.parameters(), strict=True)
    return max((a - b).abs().max().item() for a, b in pairs)


def measure(loop: Loop, iterations: int) -> dict[str, object]:
    """Seconds of every iteration after the first, of both."""
    loop.prepare([ARM])
    start = loop.workspace.at(ARM, 0)
    sampling = start.experiment.sampling
    policy, _ = type(loop.workspace.pool)().take(start.read("policy"))
    step = bare_step(
        policy,
        start.arm.weighting,
        Sizes(sampling.group_size, sampling.max_tokens),
        start.arm.update,
        lambda number: ask(start, policy, number),
    )
    seconds: dict[str, list[float]] = {"pipeline": [], "bare": []}
    works = {"pipeline": lambda number: loop.train(ARM, number + 1), "bare": lambda number: step()}
    for number in range(iterations):
        for name, work in works.items():
            begun = time.perf_counter()
            work(number)
            seconds[name].append(time.perf_counter() - begun)
    trained = loop.workspace.pool.get(start.read("policy", iterations))
    difference = largest_difference(trained, policy)
    if difference > 1e-3:
        raise SystemExit(f"the two did not do the same: their weights differ by {difference}")
    return {name: values[1:] for name, values in seconds.items()} | {
        "outside": (loop.wall_seconds - loop.stage_seconds) / iterations,
        "difference": difference,
    }


def main() -> None:
    """Take turns in a home that is thrown away."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=128)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"RLSD_HOME": folder, "DAGSTER_HOME": str(Path(folder) / "dagster")}
        os.environ.pop("RLSD_STORE", None)
        file = Path(folder) / "bench" / "defs.yaml"
        file.parent.mkdir()
        attributes = declared(given.prompts, given.iterations)
        document = {"type": "assets.component.Experiment", "attributes": attributes}
        file.write_text(yaml.safe_dump(document))
        with open_instance() as instance:
            emit(measure(Loop(file, instance, Silent()), given.iterations))


if __name__ == "__main__":
    main()

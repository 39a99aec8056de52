"""The same training step by TRL's `GRPOTrainer`, in an environment of its own.

`python trl_steps.py FOLDER` loads the model that `benchmarks.workload` wrote and times the
trainer's own parts: sampling is its `_generate_single_turn`, scoring its log-probabilities without
gradients on the batch of the step, update what a step takes after its completions are scored.
"""

import argparse
import json
import logging
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from datasets import Dataset
from PIL import Image
from transformers import AutoProcessor, Qwen3VLForConditionalGeneration, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

QUESTION = "what is in the image of a red circle?"


def reward(completions: list[list[dict[str, str]]], **_: object) -> list[float]:
    """Any function of the text: what it says does not matter here, only that it is read."""
    return [float(len(answer[0]["content"]) % 2) for answer in completions]


class Clock(TrainerCallback):
    """Wall and CPU seconds of each part, step by step."""

    def __init__(self) -> None:
        parts = "step", "sampling", "scored", "scoring"
        self.wall: dict[str, list[float]] = {name: [] for name in parts}
        self.cpu: dict[str, list[float]] = {name: [] for name in parts}
        self.mark = 0.0, 0.0

    def on_train_begin(self, *_: object, **__: object) -> None:
        """The first step begins with its data."""
        self.mark = time.perf_counter(), time.process_time()

    def on_step_end(self, *_: object, **__: object) -> None:
        """A step ends where the next one begins."""
        now = time.perf_counter(), time.process_time()
        self.wall["step"].append(now[0] - self.mark[0])
        self.cpu["step"].append(now[1] - self.mark[1])
        self.mark = now

    def time(self, part: str, run: Callable[[], object]) -> object:
        """What `run` returns, timed."""
        start, used = time.perf_counter(), time.process_time()
        answer = run()
        self.wall[part].append(time.perf_counter() - start)
        self.cpu[part].append(time.process_time() - used)
        return answer


class TimedTrainer(GRPOTrainer):
    """TRL's trainer with a clock at its own methods."""

    clock: Clock
    batch: tuple[tuple[object, ...], dict[str, object]]

    def _generate_single_turn(self, *args: object, **kwargs: object) -> object:
        run = super()._generate_single_turn
        return self.clock.time("sampling", lambda: run(*args, **kwargs))

    def _generate_and_score_completions(self, *args: object, **kwargs: object) -> object:
        run = super()._generate_and_score_completions
        return self.clock.time("scored", lambda: run(*args, **kwargs))

    def _get_per_token_logps_and_entropies(self, *args: object, **kwargs: object) -> object:
        self.batch = args, kwargs
        return super()._get_per_token_logps_and_entropies(*args, **kwargs)

    @torch.no_grad()
    def score_again(self) -> object:
        """Log-probabilities of the last batch, as a reference model's are computed."""
        args, kwargs = self.batch
        return super()._get_per_token_logps_and_entropies(
            *args, **{**kwargs, "compute_entropy": False}
        )


def data(given: argparse.Namespace) -> Dataset:
    """Prompts with one image each, different ones in every step."""
    exponent = given.image_tokens.bit_length() - 1
    size = 16 << (exponent - exponent // 2), 16 << (exponent // 2)
    numbers = range(given.prompts * (given.repeats + 1))
    rows = [
        {
            "prompt": [{"role": "user", "content": QUESTION}],
            "image": Image.new("RGB", size, (n * 9 % 256, n // given.prompts, 200)),
        }
        for n in numbers
    ]
    return Dataset.from_list(rows)


def trainer_for(given: argparse.Namespace, folder: str) -> TimedTrainer:
    """The trainer on the model that was written, every response at its full length."""
    config = GRPOConfig(
        output_dir=folder,
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        loss_type="grpo",
        beta=0.0,
        per_device_train_batch_size=given.prompts * given.group,
        num_generations=given.group,
        max_completion_length=given.tokens,
        generation_kwargs={"min_new_tokens": given.tokens},
        temperature=1.0,
        learning_rate=1e-6,
        max_steps=given.repeats + 1,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    trainer = TimedTrainer(
        model=Qwen3VLForConditionalGeneration.from_pretrained(given.folder, dtype=torch.float32),
        processing_class=AutoProcessor.from_pretrained(given.folder, padding_side="left"),
        reward_funcs=reward,
        args=config,
        train_dataset=data(given),
    )
    trainer.clock = Clock()
    trainer.add_callback(trainer.clock)
    return trainer


def resident() -> float:
    """Megabytes that the process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def run(given: argparse.Namespace) -> dict[str, object]:
    """Train for so many steps after one that warms up; wall and CPU seconds of each part."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_for(given, folder)
        clock, before = trainer.clock, resident()
        trainer.train()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for _ in range(given.repeats + 1):
        clock.time("scoring", trainer.score_again)
    sampled = trainer.batch[0][1].shape
    if sampled[0] != given.prompts * given.group:
        raise SystemExit(f"a step held {sampled[0]} responses")
    found: dict[str, object] = {"megabytes": peak - before}
    for kind, times in (("wall", clock.wall), ("cpu", clock.cpu)):
        for part in ("step", "sampling", "scoring"):
            found[f"{part}_{kind}"] = times[part][1:]
        pairs = zip(times["step"], times["scored"], strict=True)
        found[f"update_{kind}"] = [step - scored for step, scored in pairs][1:]
    return found


def main() -> None:
    """Time the trainer and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for name in ("prompts", "group", "tokens", "image-tokens"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    given, _ = parser.parse_known_args()
    logging.disable(logging.WARNING)
    torch.set_num_threads(given.threads)
    print(json.dumps(run(given)), file=sys.stdout)


if __name__ == "__main__":
    main()

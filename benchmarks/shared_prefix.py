"""The prompt once per group against once per response: `python benchmarks/shared_prefix.py`.

Each case runs in a process of its own, which gives it a peak memory of its own; the cases take
turns, so that whatever else the machine does meets all of them. 16 prompts x 8 responses of 32
tokens on an untrained tiny Qwen3-VL, in float32.
"""

import argparse
import io
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image

from rlsd_pipeline.config.model import TinyQwen3VL
from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.models.prefix import collate
from rlsd_pipeline.models.scoring import score_responses
from rlsd_pipeline.models.tiny_qwen3_vl import build_policy, train_tokenizer
from rlsd_pipeline.rollouts.engine import SamplingRequest
from rlsd_pipeline.rollouts.transformers_engine import TransformersEngine
from rlsd_pipeline.update.policy_update import UpdateGroup, make_optimizer, update_policy
from rlsd_pipeline.update.token_loss import Tokens
from rlsd_pipeline.weighting.method import TokenStreams

PROMPTS, GROUP, TOKENS = 16, 8, 32
# Pixels that one image token stands for: 2 x 2 patches of 8 x 8.
PIXELS_OF_TOKEN = 256
FORMS = {
    "sampling": ("shared", "generate", "num_return_sequences"),
    "scoring": ("shared", "repeated"),
    "update": ("shared", "repeated"),
}
MODEL = TinyQwen3VL(
    hidden_size=128, layers=4, intermediate_size=384, attention_heads=4, key_value_heads=2
)


def policy_for(image_tokens: int) -> tuple[Policy, list[EncodedPrompt]]:
    """An untrained policy, and prompts whose images have so many tokens."""
    policy = build_policy(MODEL, train_tokenizer(["what is in the image of a red circle?"], 300))
    pixels = image_tokens * PIXELS_OF_TOKEN
    policy.processor.image_processor.size = {"shortest_edge": pixels, "longest_edge": pixels}
    side = round(pixels**0.5)
    prompts = []
    for number in range(PROMPTS):
        buffer = io.BytesIO()
        Image.new("RGB", (side, side), (number * 9, 90, 200)).save(buffer, "PNG")
        prompts.append(policy.encode("what is in the image of a red circle?", [buffer.getvalue()]))
    found = sum(prompts[0].token_types)
    if found != image_tokens:
        raise SystemExit(f"the image has {found} tokens, not {image_tokens}")
    return policy, prompts


def sampling(form: str, policy: Policy, prompts: list[EncodedPrompt]) -> Callable[[], object]:
    """Draw every response to its full length."""
    policy.end_token_ids = ()
    if form == "shared":
        keys = [str(number) for number in range(PROMPTS)]
        request = SamplingRequest(prompts, keys, GROUP, TOKENS, temperature=1.0, seed=0)
        return lambda: TransformersEngine().sample(policy, request)
    repeats = GROUP if form == "generate" else 1
    batch = collate([prompt for prompt in prompts for _ in range(repeats)])
    settings = {"do_sample": True, "top_k": 0, "top_p": 1.0, "temperature": 1.0}
    length = {"min_new_tokens": TOKENS, "max_new_tokens": TOKENS}

    def generate() -> object:
        return policy.model.generate(
            input_ids=batch.input_ids,
            attention_mask=batch.attention_mask,
            mm_token_type_ids=batch.token_types,
            pixel_values=batch.pixel_values,
            image_grid_thw=batch.image_grid_thw,
            num_return_sequences=GROUP // repeats,
            **settings,
            **length,
        )

    return generate


def responses() -> list[list[list[int]]]:
    """Token ids of every response of every prompt."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(20, 290, (PROMPTS, GROUP, TOKENS), generator=generator).tolist()


def scoring(form: str, policy: Policy, prompts: list[EncodedPrompt]) -> Callable[[], object]:
    """Log-probabilities of all responses, as the student and as the teacher get them."""
    policy.shares_prefix = form == "shared"
    asked = [prompt for prompt in prompts for _ in range(GROUP)]
    ids = [one for group in responses() for one in group]
    budget = UpdateConfig().micro_batch_tokens
    return lambda: score_responses(policy, asked, ids, temperature=1.0, micro_batch_tokens=budget)


def update(form: str, policy: Policy, prompts: list[EncodedPrompt]) -> Callable[[], object]:
    """One optimizer step on all responses."""
    policy.shares_prefix = form == "shared"
    config = UpdateConfig()
    advantages = torch.linspace(-1, 1, GROUP).repeat_interleave(TOKENS)
    tokens = Tokens(torch.full((GROUP * TOKENS,), -5.0), TokenStreams(advantages), None)
    groups = [
        UpdateGroup(prompt, ids, tokens) for prompt, ids in zip(prompts, responses(), strict=True)
    ]
    optimizer = make_optimizer(policy, config)
    return lambda: update_policy(policy, optimizer, groups, config, temperature=1.0, seed=0)


WORK = {"sampling": sampling, "scoring": scoring, "update": update}


def measure(work: str, form: str, image_tokens: int, repeats: int) -> dict[str, object]:
    """Seconds of each repeat after one that warms up, and the memory that the work adds."""
    run = WORK[work](form, *policy_for(image_tokens))
    before = resident()
    run()
    wall, cpu = [], []
    for _ in range(repeats):
        start, used = time.perf_counter(), time.process_time()
        run()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"wall": wall, "cpu": cpu, "megabytes": peak - before}


def resident() -> float:
    """Megabytes that the process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> None:
    """Take the cases in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image-tokens", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.case:
        work, form = given.case.split(":")
        print(json.dumps(measure(work, form, given.image_tokens, given.repeats)))
        return
    cases = [f"{work}:{form}" for work, forms in FORMS.items() for form in forms]
    found: dict[str, dict[str, list[float]]] = {case: {} for case in cases}
    for number in range(given.rounds):
        for case in cases:
            print(f"round {number + 1}: {case}", file=sys.stderr)
            answer = subprocess.run(
                [sys.executable, __file__, *sys.argv[1:], "--case", case],
                check=True,
                capture_output=True,
                text=True,
            )
            for name, values in json.loads(answer.stdout.splitlines()[-1]).items():
                kept = found[case].setdefault(name, [])
                kept.extend(values if isinstance(values, list) else [values])
    show(found)


def show(found: dict[str, dict[str, list[float]]]) -> None:
    """One line a case: medians, the spread of the wall time, the ratio to the shared form."""
    print("| work | form | wall s | spread | CPU s | added MB | time ratio | memory ratio |")
    print("|---|---|---|---|---|---|---|---|")
    for case, values in found.items():
        work, form = case.split(":")
        base = found[f"{work}:shared"]
        wall, memory = statistics.median(values["wall"]), max(values["megabytes"])
        print(
            f"| {work} | {form} | {wall:.2f} | {min(values['wall']):.2f} to "
            f"{max(values['wall']):.2f} | {statistics.median(values['cpu']):.2f} | {memory:,.0f} | "
            f"{wall / statistics.median(base['wall']):.1f} | "
            f"{memory / max(base['megabytes']):.1f} |"
        )


if __name__ == "__main__":
    main()

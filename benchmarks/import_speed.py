"""Time and memory of importing a log: CPU seconds and the peak of the process.

    python -m benchmarks.import_speed [--responses 10000] [--tokens 1000] [--record FILE]

A log as open-instruct writes it (token ids with log-probabilities) and one as verl does (text, put
into tokens again) are made, each in a process of its own, and read by the tiny model's tokenizer.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.compute as pc
from transformers import PreTrainedTokenizerFast

from benchmarks.records import add_record, keep
from rlsd_pipeline.imports.formats.open_instruct import OpenInstruct
from rlsd_pipeline.imports.formats.verl import Verl
from rlsd_pipeline.imports.naming import ProblemNames
from rlsd_pipeline.imports.rollout_format import RolloutFormat
from rlsd_pipeline.imports.tables import import_step
from rlsd_pipeline.imports.tokens import ModelTokens
from rlsd_pipeline.models.chat import Chat
from rlsd_pipeline.models.response_text import ResponseText
from rlsd_pipeline.models.tiny_qwen3_vl import train_tokenizer

_TEXT = "the sum of two and three is five so we add them again and find that it is right"
_WORDS = _TEXT.split()
_GROUP = 8
_SAID = {"ids": "token ids given", "text": "text, put into a tokenizer's tokens"}


def _tokenizer() -> PreTrainedTokenizerFast:
    return train_tokenizer([" ".join(_WORDS)] * 4, 320)


def write_ids(file: Path, responses: int, tokens: int) -> None:
    """A log of token ids with their log-probabilities."""
    drawn, tokenizer = random.Random(0), _tokenizer()
    with file.open("w") as out:
        for row in range(responses):
            text = " ".join(drawn.choices(_WORDS, k=tokens))
            ids = tokenizer(text, add_special_tokens=False).input_ids[:tokens]
            record = {
                "step": 1,
                "sample_idx": row,
                "prompt_idx": row // _GROUP,
                "prompt_tokens": [row // _GROUP % 250 + 10, *range(10, 60)],
                "response_tokens": ids,
                "reward": float(drawn.random() < 0.5),
                "advantage": 0.0,
                "finish_reason": "stop",
                "logprobs": [-round(drawn.random(), 4) for _ in ids],
            }
            out.write(json.dumps(record) + "\n")


def write_text(file: Path, responses: int, tokens: int) -> None:
    """A log of text."""
    drawn = random.Random(0)
    with file.open("w") as out:
        for row in range(responses):
            text = " ".join(drawn.choices(_WORDS, k=tokens))
            prompt = f"user\nquestion {row // _GROUP}\nassistant\n"
            record = {"input": prompt, "output": text, "gts": "5", "score": 1.0, "step": 1}
            out.write(json.dumps(record) + "\n")


def measure(source: RolloutFormat) -> dict[str, float]:
    """Import a log, and say what it took."""
    tokenizer = _tokenizer()
    end = tokenizer.eos_token_id
    reader = ModelTokens(tokenizer, ResponseText(tokenizer, Chat(tokenizer), [end]), 1 << 20)
    before, started = time.process_time(), time.perf_counter()
    found = import_step(source, None, ProblemNames(source.name).of, reader)
    return {
        "responses": len(found.rollouts),
        "tokens": pc.sum(pc.list_value_length(found.rollouts["completion_ids"])).as_py(),
        "log_mb": round(sum(file.stat().st_size for file in source.files) / 1e6),
        "tables_mb": round((found.rollouts.nbytes + found.rows.nbytes) / 1e6),
        "cpu_s": time.process_time() - before,
        "wall_s": time.perf_counter() - started,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    }


def main() -> None:
    """Measure each kind of log in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responses", type=int, default=10_000)
    parser.add_argument("--tokens", type=int, default=1_000)
    parser.add_argument("--read", nargs=2, metavar=("KIND", "FILE"), help=argparse.SUPPRESS)
    add_record(parser)
    asked = parser.parse_args()
    kinds = {"ids": (OpenInstruct, write_ids), "text": (Verl, write_text)}
    if asked.read:
        kind, file = asked.read
        print(json.dumps(measure(kinds[kind][0](path=file))))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, (_, write) in kinds.items():
            file = Path(folder) / f"{kind}_1.jsonl"
            write(file, asked.responses, asked.tokens)
            command = [sys.executable, "-m", "benchmarks.import_speed", "--read", kind, str(file)]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found = json.loads(said.strip().splitlines()[-1])
            print(kind, json.dumps(found))
            rows.append([_SAID[kind], found["wall_s"], found["cpu_s"], found["peak_mb"] / 1e3])
    head = f"{asked.responses:,} responses of {asked.tokens:,} tokens"
    shown = [("wall", "{:.1f} s"), ("processor", "{:.1f} s"), ("peak", "{:.2f} GB")]
    keep(asked.record, "python -m benchmarks.import_speed", [(head, "{}"), *shown], rows)


if __name__ == "__main__":
    main()

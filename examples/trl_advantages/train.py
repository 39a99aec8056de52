"""TRL's GRPOTrainer on exported rollouts, with this pipeline's per-token advantages.

python train.py MODEL ADVANTAGES.parquet OUT
"""

import sys
from collections import defaultdict
from typing import Any

import pyarrow.parquet as pq
import torch
from datasets import Dataset
from torch.nn.utils.rnn import pad_sequence
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoProcessor,
)
from trl import GRPOConfig, GRPOTrainer


class FromTable(GRPOTrainer):
    """Takes responses and advantages from the data set in place of sampling and rewarding."""

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        seen: dict[str, int] = defaultdict(int)
        rows = []
        for row in inputs:  # each problem comes once for every response of its group
            place = seen[row["problem_id"]]
            seen[row["problem_id"]] += 1
            rows.append((row["prompt_ids"], row["responses"][place], row["advantages"][place]))
        prompts, prompt_mask = padded([ids for ids, _, _ in rows], left=True)
        completions, mask = padded([ids for _, ids, _ in rows])
        advantages, _ = padded([values for _, _, values in rows], dtype=torch.float32)
        device = self.accelerator.device
        return {
            "prompt_ids": prompts.to(device),
            "prompt_mask": prompt_mask.to(device),
            "completion_ids": completions.to(device),
            "completion_mask": mask.to(device),
            "advantages": advantages.to(device),
            "num_items_in_batch": mask.sum().to(device),
        }


def padded(
    lists: list[list], *, left: bool = False, dtype: torch.dtype = torch.long
) -> tuple[torch.Tensor, torch.Tensor]:
    """Lists as one tensor, and where it holds their values."""
    side = "left" if left else "right"
    values = [torch.tensor(each, dtype=dtype) for each in lists]
    mask = [torch.ones(len(each), dtype=torch.long) for each in lists]
    return tuple(pad_sequence(each, batch_first=True, padding_side=side) for each in (values, mask))


def grouped(file: str) -> Dataset:
    """One row a problem, with all its responses."""
    groups: dict[str, dict[str, Any]] = {}
    for row in pq.read_table(file).to_pylist():
        new = {name: row[name] for name in ("problem_id", "prompt", "prompt_ids")}
        group = groups.setdefault(row["problem_id"], new | {"responses": [], "advantages": []})
        group["responses"].append(row["completion_ids"])
        group["advantages"].append(row["advantages"])
    return Dataset.from_list(list(groups.values()))


def main(model: str, file: str, out: str) -> None:
    """One pass over the table."""
    rows = grouped(file)
    size = len(rows[0]["responses"])
    sees = hasattr(AutoConfig.from_pretrained(model), "vision_config")
    loader = AutoModelForImageTextToText if sees else AutoModelForCausalLM
    config = GRPOConfig(
        output_dir=out,
        max_steps=1,
        per_device_train_batch_size=size * len(rows),
        num_generations=size,
        learning_rate=1e-5,
        loss_type="grpo",
        logging_steps=1,
        report_to="none",
        use_cpu=not torch.cuda.is_available(),
        bf16=torch.cuda.is_available(),
        gradient_checkpointing=False,
    )
    trainer = FromTable(
        model=loader.from_pretrained(model),
        reward_funcs=[lambda completions, **_: [0.0] * len(completions)],  # never asked
        args=config,
        train_dataset=rows,
        processing_class=AutoProcessor.from_pretrained(model),
    )
    print(trainer.train())
    trainer.save_model(out)


if __name__ == "__main__":
    main(*sys.argv[1:4])

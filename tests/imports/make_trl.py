"""Makes tests/imports/logs/trl: TRL's GRPOTrainer, two steps on the tiny model, CPU.

python tests/imports/make_trl.py FOLDER     (needs trl 1.16 and accelerate beside the project)
"""

import shutil
import sys
from pathlib import Path

from datasets import Dataset
from transformers import AutoModelForImageTextToText, AutoProcessor
from trl import GRPOConfig, GRPOTrainer

from tests.imports.tiny import SUMS, question, save_taught

LOGS = Path(__file__).parent / "logs" / "trl"


def right(completions: list, answer: list, **_: object) -> list[float]:
    """1 where the answer stands between the tags."""
    texts = [each[0]["content"] for each in completions]
    return [float(f"<answer>{gold}<" in text) for text, gold in zip(texts, answer, strict=True)]


def thinks(completions: list, **_: object) -> list[float]:
    """A half where there is a thought."""
    return [0.5 * float("</think>" in each[0]["content"]) for each in completions]


def main(folder: Path) -> None:
    """Train and keep the log."""
    model = save_taught(folder / "model")
    rows = [
        {"prompt": [{"role": "user", "content": question(a, b)}], "answer": str(a + b)}
        for a, b in SUMS
    ]
    config = GRPOConfig(
        output_dir=str(folder / "run"),
        max_steps=2,
        per_device_train_batch_size=16,
        num_generations=4,
        max_completion_length=40,
        learning_rate=1e-5,
        log_completions=True,
        logging_steps=1,
        report_to="none",
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        loss_type="grpo",
        temperature=1.2,
        seed=1,
    )
    trainer = GRPOTrainer(
        model=AutoModelForImageTextToText.from_pretrained(model),
        reward_funcs=[right, thinks],
        args=config,
        train_dataset=Dataset.from_list(rows),
        processing_class=AutoProcessor.from_pretrained(model),
    )
    trainer.train()
    LOGS.mkdir(parents=True, exist_ok=True)
    for file in (folder / "run" / "completions").glob("*.parquet"):
        shutil.copyfile(file, LOGS / file.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Settings in words."""

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.data.sources.arithmetic import ArithmeticDataset
from rlsd_pipeline.report.collected.settings import in_words, settings


def test_settings_are_words_and_defaults_are_left_out() -> None:
    experiment = ExperimentConfig.model_validate(
        {
            "dataset": {"type": "easy_vqa", "test_questions": 50, "seed": 3},
            "model": {"type": "tiny_qwen3_vl", "warm_start": {"steps": 60, "learning_rate": 1e-4}},
            "arms": [
                {"weighting": {"type": "grpo"}},
                {
                    "weighting": {"type": "rlsd", "mix": 0.25},
                    "seeds": [0, 1],
                    "update": {"learning_rate": 1e-5},
                },
            ],
            "evaluation": {
                "benchmarks": [{"type": "heldout", "name": "own", "samples": 4, "temperature": 0.5}]
            },
        }
    )
    assert settings(experiment) == {
        "data set": "easy_vqa, test questions 50, seed 3",
        "model": "tiny_qwen3_vl, warm start (steps 60, learning rate 0.0001)",
        "sampling": "256 problems x 8 responses of at most 4096 tokens, temperature 1",
        "iterations": "200",
        "update": "all as by default",
        "arms": (
            "grpo: grpo; teacher synced, privileged answer",
            "rlsd: rlsd, mix 0.25; teacher synced, privileged answer; update learning rate 1e-05",
        ),
        "benchmarks": ("own: heldout, samples 4, temperature 0.5",),
    }


def test_several_values_of_a_setting_are_joined() -> None:
    assert in_words(ArithmeticDataset(terms=[2, 4])) == "arithmetic, terms 2 and 4"

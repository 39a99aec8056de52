"""Reinforcement learning with verifiable rewards and self-distillation: the method as a library.

weighting/     credit per token; `rlsd.py` is the method this project is named after
update/        the clipped policy update, blind to the method
models/        policies, shared prompts, log-probabilities
rollouts/      sampling engines
verifiers/     decide whether a response is right
rewards/       the parts of a response's reward
data/          data sources and images
evaluation/    scores, intervals, paired differences
imports/       rollouts of other trainers
exports/       tables and credit for other tools
stages/        the stages of an iteration: read artifacts, call the above, write one artifact
artifacts/     the content-addressed store
config/        the models of an experiment's YAML
"""

from rlsd_pipeline.opened import OpenExperiment, open_experiment

__all__ = ["OpenExperiment", "open_experiment"]

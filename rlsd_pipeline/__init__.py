"""Reinforcement learning with verifiable rewards and self-distillation: the method as a library.

weighting/     credit per token; `rlsd.py` is the method this project is named after
update/        the clipped policy update, blind to the method
models/        policies, shared prompts, log-probabilities
rollouts/      sampling engines
verifiers/     whether a response is right
rewards/       what a response is worth
data/          where problems come from
evaluation/    scores, intervals, paired differences
imports/       rollouts that another trainer has sampled
exports/       tables and credit for other tools
stages/        the stages of an iteration: read artifacts, call the above, write one artifact
artifacts/     the content-addressed store
config/        what a user declares
"""

from rlsd_pipeline.opened import OpenExperiment, open_experiment

__all__ = ["OpenExperiment", "open_experiment"]

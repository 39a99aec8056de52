"""Floating-point operations by stage.

A matrix of w weights costs 2 w operations a token forward, and twice that again backward: once for
the gradient of its input, once for its own (Kaplan et al., arXiv 2001.08361, §2.1). Attention adds
4 operations a layer for every unit of query width and every pair of tokens, causal or not, as in
PaLM's definition of model FLOP utilisation (arXiv 2204.02311, appendix B). Norms, rotations and
activation functions are left out: below one per cent.
"""

from dataclasses import dataclass

from rlsd_pipeline.plan.architecture import Architecture
from rlsd_pipeline.plan.layout import Layout
from rlsd_pipeline.plan.workload import TEACHER, Pass, Workload


@dataclass(frozen=True)
class Operations:
    """Floating-point operations of one iteration.

    Attributes:
        prefill: The prompts before sampling.
        decode: The sampled tokens.
        scoring: Each pass of the `logprobs` stage, by name.
        update: Forward and backward, and what checkpointing computes again.
        values: Prompts and sampled tokens of the states that are valued.
    """

    prefill: float
    decode: float
    scoring: dict[str, float]
    update: float
    values: float = 0.0


def operations(
    architecture: Architecture, teacher: Architecture, work: Workload, spread: Layout, epochs: int
) -> Operations:
    """All stages of an iteration; each prompt is run once for its group."""
    whose = {True: teacher, False: architecture}
    scoring = {one.name: forward(whose[one.name.startswith(TEACHER)], one) for one in work.scoring}
    values = 0.0
    if work.values is not None:
        values = prompts_forward(architecture, work.values) + decode(architecture, work.values)
    return Operations(
        prefill=prompts_forward(architecture, work.plain),
        decode=decode(architecture, work.plain),
        scoring=scoring,
        update=epochs * update(architecture, work.plain, spread),
        values=values,
    )


def forward(architecture: Architecture, read: Pass) -> float:
    """Operations of a pass over prompts and responses, with the head on response tokens alone."""
    pairs = read.responses * read.response_tokens * (read.prompt_tokens + read.response_tokens)
    return (
        prompts_forward(architecture, read)
        + _layers(architecture, read.responses * read.response_tokens, pairs)
        + head(architecture, read)
    )


def prompts_forward(architecture: Architecture, read: Pass) -> float:
    """Operations of the prompts alone, with their images."""
    tokens = read.prompts * read.prompt_tokens
    return vision(architecture, read) + _layers(architecture, tokens, tokens * read.prompt_tokens)


def decode(architecture: Architecture, read: Pass) -> float:
    """Operations of sampling token by token: each attends to those before it."""
    tokens = read.responses * read.response_tokens
    return _layers(architecture, tokens, attended(read)) + head(architecture, read)


def attended(read: Pass) -> float:
    """Tokens that all sampled tokens attend to: C P + C²/2 of each response."""
    count, before = read.response_tokens, read.prompt_tokens
    return read.responses * (count * before + count * count / 2)


def update(architecture: Architecture, read: Pass, spread: Layout) -> float:
    """Forward and backward of one epoch.

    With a low-rank adapter the frozen weights have no gradient of their own, so the decoder's
    backward costs one forward instead of two, and the vision tower, which no gradient reaches,
    none. Checkpointing runs the layers forward once more; the head's logits are kept.
    """
    sight, top = vision(architecture, read), head(architecture, read)
    layers = forward(architecture, read) - sight - top
    again = 1 if spread.checkpointing else 0
    if spread.lora is not None:
        return sight + (2 + again) * layers + 2 * top
    return (3 + again) * (sight + layers) + 3 * top


def head(architecture: Architecture, read: Pass) -> float:
    """Operations of the logits of all response tokens."""
    return 2.0 * architecture.head_weights * read.responses * read.response_tokens


def vision(architecture: Architecture, read: Pass) -> float:
    """Operations of the images of all prompts; the patches of an image attend to one another."""
    tower = architecture.vision
    if tower is None:
        return 0.0
    patches = read.image_tokens * tower.patches_per_token
    weights = patches * tower.patch_weights + read.image_tokens * tower.merged_weights
    return read.prompts * (2.0 * weights + 4.0 * tower.depth * tower.hidden * patches**2)


def _layers(architecture: Architecture, tokens: float, pairs: float) -> float:
    each = 2.0 * architecture.layer_weights * tokens + 4.0 * architecture.query * pairs
    return architecture.layers * each

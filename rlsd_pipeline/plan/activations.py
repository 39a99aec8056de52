"""Bytes that a forward or backward pass holds beside the weights.

With gradients, autograd keeps what each operation of transformers' layers needs backward, counted
here tensor by tensor as the layers are written: no fused kernels, attention that keeps queries,
keys, values and output but never the matrix of scores (PyTorch's SDPA), keys and values repeated
for every query head, since prompts of unequal length need a mask.
"""

from rlsd_pipeline.models.logprobs import LEAST_TOKENS_AT_ONCE
from rlsd_pipeline.plan.architecture import Architecture, VisionTower

_LOGIT_COPIES = 6
"""Logits in float32, divided by the temperature, masked, their log-softmax, and two gradients."""


def kept_by_layer(architecture: Architecture, value_bytes: int) -> int:
    """Bytes a token that one decoder layer keeps for the backward pass.

    A norm of width w keeps its input in float32, the normalised values and its output; the query
    and key norms pass their output on to the rotation, which keeps nothing. Attention keeps
    queries, keys, values and its output, and the feed-forward layer four times its width: gate,
    its activation, up, and their product.
    """
    width, query, b = architecture.hidden, architecture.query, value_bytes
    norms = 2 * (4 + 2 * b) * width
    if architecture.normalised_heads:
        norms += (4 + b) * (query + architecture.key_value)
    attention = 4 * b * query
    return norms + attention + 4 * b * architecture.intermediate


def kept_by_block(tower: VisionTower, value_bytes: int) -> int:
    """Bytes a patch that one block of the vision tower keeps for the backward pass.

    Two norms with input and output, the three projections together, queries and keys after the
    rotation, attention's output before and after it is joined, and the feed-forward layer before
    and after its activation.
    """
    return value_bytes * (11 * tower.hidden + 2 * tower.intermediate)


def with_gradients(
    architecture: Architecture,
    tokens: int,
    image_tokens: int,
    *,
    value_bytes: int,
    checkpointing: bool,
    trains_vision: bool,
) -> int:
    """Bytes of one micro-batch of the update at the end of its forward pass.

    With checkpointing each layer keeps its input, and one layer at a time everything. The keys and
    values that responses share with their prompt are held once more until the loss is there.

    Args:
        architecture: The policy.
        tokens: Of prompts and responses, each response with its prompt: what attention reads.
        image_tokens: Tokens of distinct images among them.
        value_bytes: Bytes of an activation.
        checkpointing: Whether layers are computed again.
        trains_vision: Whether gradients reach the vision tower.
    """
    whole = kept_by_layer(architecture, value_bytes)
    layers = architecture.layers * whole
    if checkpointing:
        layers = architecture.layers * value_bytes * architecture.hidden + whole
    last_norm = (4 + 2 * value_bytes) * architecture.hidden
    language = tokens * (layers + last_norm + architecture.cache_bytes(value_bytes))
    tower = architecture.vision
    if tower is None or not trains_vision:
        return language
    block = kept_by_block(tower, value_bytes)
    blocks = tower.depth * block
    if checkpointing:
        blocks = tower.depth * value_bytes * tower.hidden + block
    return language + image_tokens * tower.patches_per_token * blocks


def without_gradients(architecture: Architecture, tokens: int, value_bytes: int) -> int:
    """Bytes that a pass without gradients holds at once: one layer's values, and the cache.

    The widest moment of a layer has the residual stream, a norm's float32 copy and three tensors of
    the feed-forward width.
    """
    width = (2 * value_bytes + 4) * architecture.hidden
    layer = width + 3 * value_bytes * architecture.intermediate
    return tokens * (layer + architecture.cache_bytes(value_bytes))


def logits(vocabulary: int, tokens: int, at_once: int) -> int:
    """Bytes of the logits that are in memory together, with the copies that a loss makes.

    Args:
        vocabulary: Entries of the embedding.
        tokens: How many there are.
        at_once: Logits that are taken at a time, but at least those of `LEAST_TOKENS_AT_ONCE`
            tokens, and never those of more tokens than there are.
    """
    together = max(at_once // vocabulary, LEAST_TOKENS_AT_ONCE)
    return _LOGIT_COPIES * 4 * vocabulary * min(together, tokens)

"""The divergence of the policy from a stored teacher distribution, token by token."""

from torch import Tensor

from rlsd_pipeline.components.guarded import guarded, refused
from rlsd_pipeline.divergences.divergence import StoredDivergence
from rlsd_pipeline.models.logprobs import Support, on_support


def token_divergence(divergence: StoredDivergence, teacher: Support, logits: Tensor) -> Tensor:
    """The divergence at each token.

    Args:
        divergence: The divergence, with the bound on a single entry's term.
        teacher: The stored distribution, without gradient.
        logits: The policy's, with gradient; `[tokens, vocabulary]`.

    Returns:
        Nats, `[tokens]`; not negative unless entries are cut.

    Raises:
        ComponentError: A user's divergence fails, or makes something else of the entries.
    """
    student = on_support(logits, teacher.ids).joined
    with guarded(divergence, f"{len(student)} tokens"):
        entries = divergence.entries(teacher.joined, student)
    if not isinstance(entries, Tensor) or entries.shape != student.shape:
        found = list(entries.shape) if isinstance(entries, Tensor) else type(entries).__name__
        wrong = f"`entries` gave {found} in place of {list(student.shape)}: do not sum them"
        raise refused(divergence, f"{len(student)} tokens", wrong, type(divergence).entries)
    if divergence.entry_clip is not None:
        entries = entries.clamp(max=divergence.entry_clip)
    return entries.sum(-1)

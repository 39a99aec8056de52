"""A trial of a base model: the pipeline and transformers must score a question alike.

Families differ in what their processors return, in their positions and in their caches. The
pipeline might run an untested family otherwise than it was trained, and no error would say so.
"""

import io
import warnings
from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

from rlsd_pipeline.config.filled_template import FilledTemplate
from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.logprobs import ScoringBatch, completion_logprobs
from rlsd_pipeline.models.placement import beside
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.models.repeated import with_response

_GAP = 1e-3
_ROUNDED_GAP = 0.5
"""In nats, below float32: a logit of 30 is rounded by .1 in bfloat16. What is misread is off by
more."""


def require_agreement(policy: Policy, name: str) -> None:
    """Refuse a model that the pipeline runs otherwise than transformers does, or cannot run.

    Two questions are scored in one batch, one with an image where the model reads images, and held
    against one forward of transformers for each response.

    Args:
        policy: The model with its processor.
        name: What messages call it.

    Raises:
        ModelError: Names the model, its family and the reason.
    """
    family = f"the model {name} ({type(policy.model).__name__})"
    images = [_picture()] if policy.reads_images else []
    shown = "a question with an image" if images else "a question"
    answer = policy.response_ids(FilledTemplate.of_value("yes, a red circle"))
    try:
        prompts = [policy.encode("What is this?", images), policy.encode("Is it red or not?")]
        batch = ScoringBatch(prompts, [0, 0, 1], [answer, answer[-1:], answer[-2:]])
        expected = _by_transformers(policy, batch)
        with warnings.catch_warnings():
            # A prompt that cannot be shared: training says so.
            warnings.simplefilter("ignore", UserWarning)
            found = completion_logprobs(policy, batch)
    except Exception as error:  # Each model fails in its own way.
        raise ModelError(
            f"{family} cannot be put {shown}: {type(error).__name__}: {error}. docs/models.md has "
            "the families that work; check that processor and weights belong to each other"
        ) from error
    scored = torch.tensor([value for row in found for value in row])
    gap = (scored - torch.cat(expected)).abs().max().item()
    # A gap of nan is refused as well.
    if not gap <= (_GAP if policy.model.dtype == torch.float32 else _ROUNDED_GAP):
        raise ModelError(
            f"{family} is run otherwise here than by transformers: log-probabilities of an answer "
            f"to {shown} are {gap:.2g} nats apart, so it would be trained on wrong numbers. "
            "docs/models.md has the families that work"
        )


@torch.no_grad()
def _by_transformers(policy: Policy, batch: ScoringBatch) -> list[Tensor]:
    """Log-probabilities by one forward a response, without padding and cache."""
    rows = zip(batch.owners, batch.completion_ids, strict=True)
    with beside(policy.model):
        return [_of_row(policy, batch.prompts[owner], ids).cpu() for owner, ids in rows]


def _of_row(policy: Policy, prompt: EncodedPrompt, completion_ids: Sequence[int]) -> Tensor:
    row = with_response(prompt, completion_ids)
    ids = torch.tensor([row.prompt_ids])
    inputs = {name: value.to(ids.device) for name, value in row.inputs.items()}
    output = policy.model(
        input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False, **inputs
    )
    before = len(prompt.prompt_ids)
    logits = output.logits[0, before - 1 : -1].float()
    logits[:, list(policy.suppressed_token_ids)] = float("-inf")
    return logits.log_softmax(-1).gather(-1, ids[0, before:, None]).squeeze(-1)


def _picture() -> bytes:
    """Red on grey: of one colour alone, a wrong place would not show."""
    image = Image.new("RGB", (96, 64), (128, 140, 150))
    image.paste((200, 30, 30), (8, 16, 40, 48))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()

"""The repeated form: the prompt runs again for each response of a model without a shared cache.

It is also the plain form that the shared one is compared with.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedModel

from rlsd_pipeline.models.model_inputs import image_shapes, with_more_tokens
from rlsd_pipeline.models.policy import EncodedPrompt
from rlsd_pipeline.models.prefix import collate, rotary_positions, run_whole
from rlsd_pipeline.models.sharing import images_by_row


def with_response(prompt: EncodedPrompt, completion_ids: Sequence[int]) -> EncodedPrompt:
    """A prompt and a response to it as one row."""
    return prompt._replace(
        prompt_ids=[*prompt.prompt_ids, *completion_ids],
        inputs=with_more_tokens(prompt.inputs, len(prompt.prompt_ids), len(completion_ids)),
    )


def repeated_hidden(
    model: PreTrainedModel,
    prompts: Sequence[EncodedPrompt],
    completion_ids: Sequence[Sequence[int]],
) -> Tensor:
    """Final hidden states that predict each response token, prompt and response as one row.

    Args:
        model: Any decoder.
        prompts: The prompt of each response.
        completion_ids: Token ids of each response.

    Returns:
        `[all tokens, hidden]`, response after response.
    """
    if not images_by_row(model):
        return _run_together(model, prompts, completion_ids)
    together: dict[object, list[int]] = {}
    for row, prompt in enumerate(prompts):
        shapes = image_shapes(prompt.inputs, len(prompt.prompt_ids))
        together.setdefault(shapes, []).append(row)
    found: dict[int, Tensor] = {}
    for rows in together.values():
        ids = [completion_ids[row] for row in rows]
        hidden = _run_together(model, [prompts[row] for row in rows], ids)
        found |= zip(rows, hidden.split([len(each) for each in ids]), strict=True)
    return torch.cat([found[row] for row in range(len(prompts))])


def _run_together(
    model: PreTrainedModel,
    prompts: Sequence[EncodedPrompt],
    completion_ids: Sequence[Sequence[int]],
) -> Tensor:
    rows = [with_response(prompt, ids) for prompt, ids in zip(prompts, completion_ids, strict=True)]
    batch = collate(rows)
    output = run_whole(model, batch, rotary_positions(model, batch))
    places = [
        torch.arange(len(prompt.prompt_ids) - 1, len(prompt.prompt_ids) - 1 + len(ids))
        for prompt, ids in zip(prompts, completion_ids, strict=True)
    ]
    owners = torch.arange(len(rows)).repeat_interleave(torch.tensor([len(p) for p in places]))
    return output.last_hidden_state[owners, torch.cat(places)]

"""What engines elsewhere are asked, and which of their answers are believed."""

import io
import math
from collections.abc import Callable

import pytest
from PIL import Image

from rlsd_pipeline.errors import AlignmentError, EngineError
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.rollouts.engine import SamplingRequest
from rlsd_pipeline.rollouts.engines.vllm import vllm_prompt, vllm_sampling
from rlsd_pipeline.rollouts.exchange import (
    Reported,
    believed,
    group_seed,
    sampling_arguments,
)
from schemas import FinishReason


@pytest.fixture
def request_of(text_policy: Policy) -> Callable[..., SamplingRequest]:
    def request_of(**changes: object) -> SamplingRequest:
        prompts = [text_policy.encode(text) for text in ("what colour?", "a circle?", "which?")]
        request = SamplingRequest(prompts, ["a", "b", "c"], 2, 3, 0.7, seed=5)
        return request._replace(**changes)

    return request_of


def test_parts_keep_prompts_with_their_keys(request_of: Callable[..., SamplingRequest]) -> None:
    parts = request_of().parts(2)
    assert [part.keys for part in parts] == [["a", "b"], ["c"]]
    assert [prompt for part in parts for prompt in part.prompts] == request_of().prompts


def test_seeds_belong_to_the_prompt_and_the_draw() -> None:
    seeds = [group_seed(seed, key) for seed in (0, 1) for key in ("a", "b")]
    assert seeds == [group_seed(seed, key) for seed in (0, 1) for key in ("a", "b")]
    assert len(set(seeds)) == 4
    assert all(0 <= seed < 2**62 for seed in seeds)


def test_nothing_is_left_to_a_generation_config(
    text_policy: Policy, request_of: Callable[..., SamplingRequest]
) -> None:
    asked = sampling_arguments(text_policy, request_of(top_p=0.9, top_k=5), "a")
    assert asked == {
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": 5,
        "min_p": 0.0,
        "repetition_penalty": 1.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "max_tokens": 3,
        "stop_token_ids": [text_policy.tokenizer.eos_token_id],
        "seed": group_seed(5, "a"),
    }
    assert sampling_arguments(text_policy, request_of(), "a")["top_k"] == -1


def test_vllm_samples_a_group_without_placeholders(
    text_policy: Policy, request_of: Callable[..., SamplingRequest]
) -> None:
    asked = vllm_sampling(text_policy, request_of(), "a")
    assert asked["n"] == 2
    assert asked["logprobs"] == 0
    names = ["<|image_pad|>", "<|video_pad|>", "<|vision_end|>", "<|vision_start|>"]
    suppressed = text_policy.tokenizer.convert_tokens_to_ids(names)
    assert asked["logit_bias"] == dict.fromkeys(suppressed, -math.inf)


def test_vllm_gets_one_placeholder_and_the_picture_of_each_image(
    vision_policy: Policy, png: Callable[..., bytes]
) -> None:
    images = [png(64, 64), png(96, 32, seed=1)]
    prompt = vision_policy.encode("which of <|image_pad|> both?", images)
    asked = vllm_prompt(prompt)
    short, pad = (
        asked["prompt_token_ids"],
        vision_policy.tokenizer.convert_tokens_to_ids("<|image_pad|>"),
    )
    assert short.count(pad) == 2
    # Each placeholder replaced by as many as its image has patches gives the prompt as encoded.
    patches = iter((prompt.inputs["image_grid_thw"].prod(-1) // 4).tolist())
    expanded = [i for token in short for i in ([pad] * next(patches) if token == pad else [token])]
    assert expanded == prompt.prompt_ids
    for given, image in zip(images, asked["multi_modal_data"]["image"], strict=True):
        assert image.mode == "RGB"
        assert image.tobytes() == Image.open(io.BytesIO(given)).convert("RGB").tobytes()


def test_vllm_gets_text_as_it_is(vision_policy: Policy) -> None:
    prompt = vision_policy.encode("what colour?")
    assert vllm_prompt(prompt) == {"prompt_token_ids": prompt.prompt_ids}


def reported(policy: Policy, request: SamplingRequest, **changes: object) -> Reported:
    end = policy.tokenizer.eos_token_id
    sound = Reported(request.prompts[0].prompt_ids, [40, end], [-0.5, -1.5], "stop")
    return sound._replace(**changes)


def test_a_sound_response_is_believed(
    text_policy: Policy, request_of: Callable[..., SamplingRequest]
) -> None:
    request = request_of()
    found = believed(
        text_policy,
        request.prompts[0],
        request,
        reported(text_policy, request, logprobs=[-0.5, 1e-7]),
    )
    assert found.completion_ids == [40, text_policy.tokenizer.eos_token_id]
    assert found.rollout_logprobs == [-0.5, 0.0]
    assert found.finish_reason is FinishReason.STOP


@pytest.mark.parametrize("cut", [{"top_p": 0.9}, {"top_k": 4}])
def test_what_is_known_only_after_a_cut_is_nan(
    text_policy: Policy, request_of: Callable[..., SamplingRequest], cut: dict[str, float]
) -> None:
    request = request_of(**cut)
    found = believed(text_policy, request.prompts[0], request, reported(text_policy, request))
    assert all(math.isnan(value) for value in found.rollout_logprobs)
    assert len(found.rollout_logprobs) == 2


def test_another_prompt_is_refused(
    text_policy: Policy, request_of: Callable[..., SamplingRequest]
) -> None:
    request = request_of()
    other = reported(text_policy, request, prompt_ids=[1, *request.prompts[0].prompt_ids])
    with pytest.raises(AlignmentError, match="read a prompt of"):
        believed(text_policy, request.prompts[0], request, other)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"logprobs": [-0.5]}, "1 log-probabilities of 2 tokens"),
        ({"logprobs": [-0.5, -math.inf]}, "that is no number"),
        ({"finish_reason": "abort"}, "ended by 'abort'"),
        ({"finish_reason": None}, "ended by None"),
        ({"completion_ids": [40, 41]}, "stops without one"),
        ({"completion_ids": [], "logprobs": []}, "stops without one"),
        ({"finish_reason": "length"}, "max_tokens is 3"),
        (
            {"completion_ids": [40, 41], "finish_reason": "length"},
            "a cut response of 2 tokens, where max_tokens is 3",
        ),
    ],
)
def test_what_sampling_cannot_give_is_refused(
    text_policy: Policy,
    request_of: Callable[..., SamplingRequest],
    changes: dict[str, object],
    said: str,
) -> None:
    request = request_of()
    with pytest.raises(EngineError, match=said):
        believed(
            text_policy, request.prompts[0], request, reported(text_policy, request, **changes)
        )


def test_a_suppressed_token_is_refused(
    text_policy: Policy, request_of: Callable[..., SamplingRequest]
) -> None:
    request, end = request_of(), text_policy.tokenizer.eos_token_id
    pad = text_policy.tokenizer.convert_tokens_to_ids("<|image_pad|>")
    with pytest.raises(EngineError, match="a suppressed token"):
        believed(
            text_policy,
            request.prompts[0],
            request,
            reported(text_policy, request, completion_ids=[pad, end]),
        )

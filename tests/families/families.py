"""The families of models that the product is tried with."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from rlsd_pipeline.models.policy import Policy
from tests.families import llava, mllama, other_vision, qwen_vl, text


class Family(NamedTuple):
    """A family of models.

    Attributes:
        name: As people know it.
        built: Makes a tiny model of it with its processor or tokenizer.
    """

    name: str
    built: Callable[[], tuple[Any, Any]]

    def policy(self) -> Policy:
        """The tiny model, each time with the same weights."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return Policy(*self.built())


FAMILIES = (
    Family("Qwen2-VL", qwen_vl.qwen2_vl),
    Family("Qwen2.5-VL", qwen_vl.qwen2_5_vl),
    Family("Qwen3-VL", qwen_vl.qwen3_vl),
    Family("LLaVA", llava.llava),
    Family("LLaVA-NeXT", llava.llava_next),
    Family("LLaVA-OneVision", llava.llava_onevision),
    Family("InternVL", other_vision.internvl),
    Family("Gemma 3", other_vision.gemma3),
    Family("Idefics 3", other_vision.idefics3),
    Family("SmolVLM", other_vision.smolvlm),
    Family("Mllama (Llama 3.2 Vision)", mllama.mllama),
    Family("Qwen3", text.qwen3),
    Family("Llama", text.llama),
    Family("Gemma", text.gemma),
    Family("Mistral with a sliding window", text.mistral),
    Family("Mixtral", text.mixtral),
    Family("Qwen3-MoE", text.qwen3_moe),
    Family("Mamba", text.mamba),
)

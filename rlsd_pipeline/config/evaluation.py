"""Which benchmarks score a policy, how it answers them, and when."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from rlsd_pipeline.config.judge import JudgeConfig
from rlsd_pipeline.config.paths import located_path
from rlsd_pipeline.config.strict import StrictConfig

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]
"""Of a benchmark; part of the name of its asset."""


class Decoding(StrictConfig):
    """How a policy answers; greedy unless declared otherwise."""

    samples: Annotated[int, Field(ge=1)] = 1
    """Responses per question; the score is their mean (avg@k)."""

    temperature: Annotated[float, Field(ge=0)] = 0.0
    """0 takes the likeliest token."""

    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Draw from the likeliest tokens that together have this probability."""

    top_k: Annotated[int, Field(ge=1)] | None = None
    """Draw from this many likeliest tokens; None from all."""

    seed: int = 0

    @model_validator(mode="after")
    def _several_samples_differ(self) -> "Decoding":
        if self.samples > 1 and self.temperature == 0:
            raise ValueError(
                f"samples: {self.samples} with temperature 0 would be the same response "
                f"{self.samples} times: set a temperature"
            )
        return self


class HeldoutBenchmark(Decoding):
    """The experiment's own held-out problems, judged by the verifier that gives the rewards."""

    type: Literal["heldout"] = "heldout"

    name: Name = "heldout"


class PublicBenchmark(Decoding):
    """What the public benchmarks declare alike."""

    mode: Literal["official", "robust"] = "robust"
    """Score as the benchmark's authors do, or without guesses and tolerant of the format."""

    path: str | None = None
    """A local folder or file in the official layout; None reads the hub."""

    revision: str | None = None
    """Another commit than the one that is pinned."""

    limit: Annotated[int, Field(ge=1)] | None = None
    """Only the first this many rows, to try things out; the score is then none to publish."""

    max_pixels: Annotated[int, Field(ge=1024)] = 2_097_152
    """Of all images of a prompt together; larger ones are scaled down."""

    max_prompt_tokens: Annotated[int, Field(ge=1)] = 4096
    """A longer prompt, image tokens included, is refused; the paper's."""

    max_tokens: Annotated[int, Field(ge=1)] = 4096
    """Budget of one response; the paper's. What it cuts off is counted as truncated."""

    judge: JudgeConfig | None = None
    """Reads answers that the rule cannot read; never sees the gold answer."""


class MMMUBenchmark(PublicBenchmark):
    """MMMU, validation: college questions of 30 subjects."""

    type: Literal["mmmu"] = "mmmu"

    name: Name = "mmmu"

    split: Literal["validation"] = "validation"


class MathVistaBenchmark(PublicBenchmark):
    """MathVista, testmini."""

    type: Literal["mathvista"] = "mathvista"

    name: Name = "mathvista"

    split: Literal["testmini"] = "testmini"


class MathVisionBenchmark(PublicBenchmark):
    """MATH-Vision: competition mathematics with pictures."""

    type: Literal["mathvision"] = "mathvision"

    name: Name = "mathvision"

    split: Literal["test", "testmini"] = "test"


class ZeroBenchBenchmark(PublicBenchmark):
    """ZeroBench; gated, so its terms must be accepted on the hub."""

    type: Literal["zerobench"] = "zerobench"

    name: Name = "zerobench"

    split: Literal["subquestions", "main"] = "subquestions"


class WeMathBenchmark(PublicBenchmark):
    """We-Math, testmini: the four-dimensional score over chains of questions."""

    type: Literal["wemath"] = "wemath"

    name: Name = "wemath"

    split: Literal["testmini"] = "testmini"


PublicBenchmarkConfig = (
    MMMUBenchmark | MathVistaBenchmark | MathVisionBenchmark | ZeroBenchBenchmark | WeMathBenchmark
)

BenchmarkConfig = Annotated[HeldoutBenchmark | PublicBenchmarkConfig, Field(discriminator="type")]


class EvaluationConfig(StrictConfig):
    """Which benchmarks score a policy, and when."""

    benchmarks: list[BenchmarkConfig] = Field(default=[HeldoutBenchmark()], min_length=1)

    every: Annotated[int, Field(ge=1)] = 25
    """`train` evaluates after this many updates, and before the first and after the last; so does
    the sensor that evaluates checkpoints."""

    schedule: str = "0 3 * * *"
    """When the scheduler evaluates the newest policy of every arm; cron."""

    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Of the intervals."""

    @model_validator(mode="after")
    def _benchmarks_are_distinct(self) -> "EvaluationConfig":
        names = [benchmark.name for benchmark in self.benchmarks]
        if len(set(names)) < len(names):
            raise ValueError(f"two benchmarks share a name: {sorted(names)}; give one a `name`")
        return self

    @property
    def public(self) -> list[PublicBenchmarkConfig]:
        """The benchmarks that are not the experiment's own."""
        return [each for each in self.benchmarks if not isinstance(each, HeldoutBenchmark)]

    def located(self, folder: Path) -> "EvaluationConfig":
        """The same, with relative paths of local benchmark data resolved against a folder."""
        located: list[HeldoutBenchmark | PublicBenchmarkConfig] = []
        for each in self.benchmarks:
            if not isinstance(each, HeldoutBenchmark) and each.path is not None:
                each = each.model_copy(update={"path": located_path(each.path, folder)})
            located.append(each)
        return self.model_copy(update={"benchmarks": located})

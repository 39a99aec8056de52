"""Where the problems come from."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from rlsd_pipeline.config.paths import local_path, located_name, located_path
from rlsd_pipeline.config.strict import StrictConfig


class EasyVQADataset(StrictConfig):
    """The easy-VQA data set (PyPI `easy-vqa`, MIT): coloured shapes of 64 by 64 pixels.

    Questions are drawn from its own train and test splits in equal numbers of five kinds:
    plain or negated wording with the answer yes or no, and open questions.
    """

    type: Literal["easy_vqa"] = "easy_vqa"

    train_questions: Annotated[int, Field(ge=5)] = 4000
    """Questions to learn from."""

    test_questions: Annotated[int, Field(ge=5)] = 1000
    """Held-out questions, drawn from the test split."""

    warm_start_images: Annotated[int, Field(ge=1, lt=4000)] = 2000
    """The first this many train images belong to the warm start; reinforcement sees the others."""

    seed: int = 0
    """Which questions are drawn."""


class JSONLDataset(StrictConfig):
    """A JSONL file of questions with answers and image paths relative to the file."""

    type: Literal["jsonl"] = "jsonl"

    path: str
    """The file; relative to the folder of the experiment's YAML."""

    test_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the rows held out for evaluation where no row names a split."""

    limit: Annotated[int, Field(ge=1)] | None = None
    """Take only the first this many rows."""

    def located(self, folder: Path) -> "JSONLDataset":
        """The same, with a relative path resolved against a folder."""
        return self.model_copy(update={"path": located_path(self.path, folder)})


class HubDataset(StrictConfig):
    """A data set of the Hugging Face hub, or local data in a layout `datasets` reads or writes.

    That is a Parquet, CSV or JSON file, a folder of such files or of images, or what
    `save_to_disk` wrote.
    """

    type: Literal["hub"] = "hub"

    name: str
    """The hub id, such as `iieycx/rlsd-train-MMFineReason-123K`, or a local folder or file. `./x`,
    `../x`, `~/x` and `/x` are local, and so is a name that lies beside the YAML, where relative
    ones begin."""

    config_name: str | None = None
    """The data set's configuration, where it has several."""

    revision: str | None = None
    """The commit to read. A branch or tag becomes the commit that it now is; pin a commit, so that
    the artifact can be made again."""

    split: str = "train"
    """The split to learn from."""

    test_split: str | None = None
    """The split to evaluate on; without one, `test_share` of the train split is held out."""

    test_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share held out where no test split is named."""

    columns: dict[str, str] = Field(
        default_factory=lambda: {"question": "question", "answer": "answer", "images": "images"}
    )
    """Problem field -> the data set's column."""

    limit: Annotated[int, Field(ge=1)] | None = None
    """Take only the first this many rows."""

    @property
    def local(self) -> Path | None:
        """The local folder or file; None where the name is a hub id."""
        return local_path(self.name)

    def located(self, folder: Path) -> "HubDataset":
        """The same, with the path of a local folder or file resolved against a folder.

        Raises:
            ConfigError: The folder or file is given a revision.
        """
        return self.model_copy(update={"name": located_name(self.name, folder, self.revision)})


class ArithmeticDataset(StrictConfig):
    """Sums and differences of whole numbers as text, with the running results as a solution.

    The problems are drawn without repetition, and no held-out one has the numbers of one to learn
    from, in whatever order.
    """

    type: Literal["arithmetic"] = "arithmetic"

    train_questions: Annotated[int, Field(ge=1)] = 2000
    """Questions to learn from."""

    test_questions: Annotated[int, Field(ge=1)] = 200
    """Held-out questions."""

    terms: list[Annotated[int, Field(ge=2, le=8)]] = Field(default=[2, 3], min_length=1)
    """How many numbers a question has; each length is drawn equally often."""

    largest: Annotated[int, Field(ge=2)] = 20
    """Numbers are drawn from 1 to this."""

    operations: list[Literal["+", "-"]] = Field(default=["+", "-"], min_length=1)
    """What may stand between two numbers; no running result is negative."""

    seed: int = 0
    """Which questions are drawn."""


DatasetConfig = Annotated[
    EasyVQADataset | JSONLDataset | HubDataset | ArithmeticDataset, Field(discriminator="type")
]

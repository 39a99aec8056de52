"""The common base of all data sources on the images of easy-VQA."""

from typing import Annotated, ClassVar

from pydantic import Field

from rlsd_pipeline.data.source import DataSource


class EasyVQAImages(DataSource):
    """Questions about the images of easy-VQA; some images are reserved for the warm start."""

    test_share: ClassVar[float] = 0.0  # type: ignore[misc]  # Each has a test split of its own.

    test_questions: int

    warm_start_images: Annotated[int, Field(ge=1, lt=4000)] = 2000
    """Train images for the warm start, counted from the first; reinforcement uses the others."""

    seed: int = 0
    """Seed of the drawn questions."""

    @property
    def held_out_count(self) -> int:
        """The declared number."""
        return self.test_questions

    @property
    def bytes_to_read(self) -> int:
        """Some megabytes, installed with the package."""
        return 0

    @property
    def seen_by_warm_start(self) -> int:
        """The declared number."""
        return self.warm_start_images

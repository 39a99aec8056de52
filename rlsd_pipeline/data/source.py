"""The base class of data sources: where problems come from, and what identifies them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeAlias

from pydantic import Field

from rlsd_pipeline.components.component import Component, identity

if TYPE_CHECKING:
    from rlsd_pipeline.data.demonstrations import Demonstrations
    from schemas import Problem

    Row: TypeAlias = Problem | Mapping[str, Any]


class DataSource(Component):
    """A data source.

    A subclass must define `problems`. The code of a user's source, its settings and the content of
    each `LocatedPath` among them identify the problems. `content_version` identifies anything else
    that they depend on.
    """

    component_kind = "data source"

    test_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of the problems held out for evaluation if none names the split `test`."""

    @abstractmethod
    def problems(self) -> Iterable[Row]:
        """The problems, as `Problem` or as dictionaries, in a fixed order.

        A dictionary has `question` and `answer`, and optionally `image` or `images`, `id` (or
        `problem_id`), `solution`, `choices`, `split`, `attributes`, `boxes` (`[left, top, right,
        bottom]` in pixels, one for each image) and `cue`. An image is encoded bytes, base64, a
        Pillow image, a `Path`, or a path below `image_folder` as text.
        """

    @property
    def image_folder(self) -> Path | None:
        """The folder of the images that dictionaries name by text; None if they name none.

        They count as content if this folder is a `LocatedPath` among the settings.
        """
        return None

    def content_version(self) -> str | None:
        """The identity of the content beside code and settings, such as a version or a digest.

        Raises:
            DataError: It cannot be read.
        """
        return None

    def declared(self) -> dict[str, Any]:
        """The settings that identify the problems: all but those of their location."""
        return identity(self)

    def pinned(self) -> Self:
        """The same source, with names such as a branch replaced by what they mean now.

        Raises:
            ConfigError: The identity cannot be found out.
        """
        return self

    def located(self, folder: Path) -> Self:
        """The same source, with relative paths (not `LocatedPath`) resolved against a folder."""
        return self

    def reasoning_steps(
        self, completion: str, extracted: str | None, problem: Problem
    ) -> dict[str, str]:
        """Reasoning step -> its outcome in a response, by which scores are broken down.

        Args:
            completion: The response.
            extracted: The answer read from it.
            problem: What it answers.
        """
        return {}

    @property
    def held_out_count(self) -> int | None:
        """Problems of the test split, for the plan; None if they must be read first."""
        return None

    @property
    def bytes_to_read(self) -> int | None:
        """Bytes on this machine that reading takes; None tells the plan not to read it.

        Raises:
            OSError: A file of it cannot be read.
        """
        return None

    @property
    def seen_by_warm_start(self) -> int | None:
        """Train images of easy-VQA that only the warm start sees; None for other data.

        They are the first ones; no problem shows one of them.
        """
        return None

    @property
    def demonstrated(self) -> dict[str, Any]:
        """The identity of a warm start's demonstrations beside model and prompts."""
        return {"warm_start_images": self.seen_by_warm_start}

    def demonstrations(self) -> Demonstrations | None:
        """The demonstrations of a warm start of `tiny_qwen3_vl`; None if there are none.

        By default easy-VQA's own questions about the images left to it.
        """
        if self.seen_by_warm_start is None:
            return None
        from rlsd_pipeline.data.easy_vqa_demonstrations import EasyVQADemonstrations

        return EasyVQADemonstrations(self.seen_by_warm_start)

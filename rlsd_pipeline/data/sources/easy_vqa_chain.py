"""Chained questions about one image; `rlsd_pipeline.data.easy_vqa_chain` says how."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from rlsd_pipeline.data.source import DataSource

if TYPE_CHECKING:
    from rlsd_pipeline.data.demonstrations import Demonstrations
    from schemas import Problem

VERSION = "1"
"""Raised by hand when the same declaration draws other problems or demonstrations."""


class EasyVQAChainDataset(DataSource):
    """Several questions chained about one image of easy-VQA (PyPI `easy-vqa`, MIT).

    Only a response that gets all of them right is right, and most of its tokens decide nothing:
    made for comparing how methods find those that do.
    """

    type: Literal["easy_vqa_chain"] = "easy_vqa_chain"

    test_share: ClassVar[float] = 0.0  # type: ignore[misc]  # It has a test split of its own.

    links: Annotated[int, Field(ge=1, le=7)] = 3
    """Questions of one chain, about as many colours; blind, one chain in links + 1 comes right."""

    filler: Annotated[int, Field(ge=0)] = 24
    """Words without meaning before the reasoning, in the demonstrations of the warm start."""

    train_questions: Annotated[int, Field(ge=1)] = 4000
    """Chains to learn from."""

    test_questions: Annotated[int, Field(ge=1)] = 500
    """Held-out chains, about images of the test split."""

    warm_start_images: Annotated[int, Field(ge=1, lt=4000)] = 2000
    """The first this many train images belong to the warm start; reinforcement sees the others."""

    seed: int = 0
    """Which chains are drawn."""

    def problems(self) -> list[Problem]:
        """The problems of both splits; train problems show images the warm start has not seen."""
        from rlsd_pipeline.data.easy_vqa import scenes
        from rlsd_pipeline.data.easy_vqa_chain import distinct, to_problem

        images = sorted(scenes("train"))[self.warm_start_images :]
        train = distinct("train", images, self.links, self.train_questions, self.seed)
        shown = sorted(scenes("test"))
        test = distinct("test", shown, self.links, self.test_questions, self.seed)
        return [to_problem("train", c) for c in train] + [to_problem("test", c) for c in test]

    def content_version(self) -> str:
        """The version of the package, and of the way in which chains are drawn."""
        return f"easy-vqa {version('easy-vqa')}, chain {VERSION}"

    def declared(self) -> dict[str, Any]:
        """Without `filler`, which only demonstrations have."""
        return {name: value for name, value in super().declared().items() if name != "filler"}

    def reasoning_steps(
        self, completion: str, extracted: str | None, problem: Problem
    ) -> dict[str, str]:
        """Perceive, compare, negate and answer: `right`, `wrong` or `missing`."""
        from rlsd_pipeline.data.easy_vqa_chain import chain_steps

        return chain_steps(completion, extracted, problem)

    @property
    def held_out_count(self) -> int:
        """As declared."""
        return self.test_questions

    @property
    def bytes_to_read(self) -> int:
        """Some megabytes, installed with the package."""
        return 0

    @property
    def seen_by_warm_start(self) -> int:
        """As declared."""
        return self.warm_start_images

    @property
    def demonstrated(self) -> dict[str, Any]:
        """See `DataSource`."""
        own = {"type": self.type, "version": VERSION, "links": self.links, "filler": self.filler}
        return {**super().demonstrated, "demonstrations": own}

    def demonstrations(self) -> Demonstrations:
        """Chains about the warm start's own images."""
        from rlsd_pipeline.data.easy_vqa_chain import ChainDemonstrations

        return ChainDemonstrations(self.warm_start_images, self.links, self.filler)

"""Chained questions about one image; `rlsd_pipeline.data.easy_vqa_chain` draws them."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from rlsd_pipeline.data.easy_vqa_images import EasyVQAImages

if TYPE_CHECKING:
    from rlsd_pipeline.data.demonstrations import Demonstrations
    from schemas import Problem

VERSION = "1"
"""Raised by hand when the same declaration draws other problems or demonstrations."""


class EasyVQAChainDataset(EasyVQAImages):
    """Several questions chained about one image of easy-VQA (PyPI `easy-vqa`, MIT).

    A response is right only if all its answers are right. Most of its tokens decide nothing, so the
    data set shows how well methods find the tokens that do.
    """

    type: Literal["easy_vqa_chain"] = "easy_vqa_chain"

    links: Annotated[int, Field(ge=1, le=7)] = 3
    """Questions of one chain, about as many colours; a blind answer is right for one chain in links
    + 1."""

    filler: Annotated[int, Field(ge=0)] = 24
    """Words without meaning before the reasoning, in the demonstrations of the warm start."""

    train_questions: Annotated[int, Field(ge=1)] = 4000
    """Number of training chains."""

    test_questions: Annotated[int, Field(ge=1)] = 500
    """Held-out chains, about images of the test split."""

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
    def demonstrated(self) -> dict[str, Any]:
        """See `DataSource`."""
        own = {"type": self.type, "version": VERSION, "links": self.links, "filler": self.filler}
        return {**super().demonstrated, "demonstrations": own}

    def demonstrations(self) -> Demonstrations:
        """Chains about the warm start's own images."""
        from rlsd_pipeline.data.easy_vqa_chain import ChainDemonstrations

        return ChainDemonstrations(self.warm_start_images, self.links, self.filler)

"""Sampling in this process with transformers: each prompt is run once for its whole group."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from rlsd_pipeline.rollouts.engine import Completion, Engine, Footprint, Progress, SamplingRequest

if TYPE_CHECKING:
    from rlsd_pipeline.models.policy import Policy


class TransformersEngine(Engine):
    """Sampling in this process with transformers: any of its models, any machine."""

    type: Literal["transformers"] = "transformers"

    scores: ClassVar[bool] = True

    continues: ClassVar[bool] = True

    @property
    def serves_one_policy(self) -> bool:
        """See `Engine`."""
        return False

    @property
    def footprint(self) -> Footprint:
        """See `Engine`."""
        return Footprint(copies=1)

    def sample(
        self, policy: Policy, request: SamplingRequest, progress: Progress | None = None
    ) -> list[Completion]:
        """See `Engine`."""
        from rlsd_pipeline.models.placement import beside
        from rlsd_pipeline.rollouts.decoded_batch import decode_batch
        from rlsd_pipeline.rollouts.decoded_tree import decode_tree

        decode = decode_batch if request.begun is None else decode_tree
        parts = request.parts(self.batch_prompts)
        with beside(policy.model):
            return [one for part in parts for one in decode(policy, part, progress)]

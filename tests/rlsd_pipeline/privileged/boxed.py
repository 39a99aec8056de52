"""Easy-VQA whose problems name a region and a hint."""

from rlsd_pipeline.data.sources.easy_vqa import EasyVQADataset
from schemas import Problem


class Boxed(EasyVQADataset):
    """The upper left quarter of each image, and its colour as a hint."""

    def problems(self) -> list[Problem]:
        """As easy-VQA draws them."""
        return [
            one.model_copy(
                update={
                    "boxes": [0.0, 0.0, 32.0, 32.0],
                    "cue": f"the shape is {one.attributes['colour']}",
                }
            )
            for one in super().problems()
        ]

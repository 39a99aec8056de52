"""Problems from a table of one's own."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rlsd_pipeline.components.located import LocatedPath
from rlsd_pipeline.data.easy_vqa import image_bytes
from rlsd_pipeline.data.source import DataSource


class Table(DataSource):
    """Questions of a CSV about images of easy-VQA."""

    path: LocatedPath
    """The CSV, with the columns `image`, `question` and `answer`."""

    warm_start_images: int = 2000
    """The tiny model learns to see from the first this many images; the CSV names none of them."""

    def problems(self) -> Iterator[dict[str, Any]]:
        """One of each row."""
        with Path(self.path).open(newline="") as table:
            for row in csv.DictReader(table):
                image = image_bytes("train", int(row["image"]))
                yield {"question": row["question"], "answer": row["answer"], "image": image}

    @property
    def seen_by_warm_start(self) -> int:
        """Only needed with the model `tiny_qwen3_vl`, which is warm-started on easy-VQA."""
        return self.warm_start_images

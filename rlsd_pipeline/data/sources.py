"""One way in: a declared data set becomes problems with a train and a test split."""

import hashlib
from importlib.metadata import version
from pathlib import Path

from rlsd_pipeline.config.dataset import (
    ArithmeticDataset,
    DatasetConfig,
    EasyVQADataset,
    HubDataset,
    JSONLDataset,
)
from rlsd_pipeline.data.column import Column
from rlsd_pipeline.data.named_files import named_files
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.identity.files import content_digest, path_digest
from rlsd_pipeline.identity.hub import hub_commit
from schemas import Problem


def read_problems(config: DatasetConfig) -> list[Problem]:
    """The problems of a data set; images decode, ids are distinct, both splits are there.

    Raises:
        DataError: A row is not a problem; the message names the place.
    """
    if isinstance(config, EasyVQADataset):
        from rlsd_pipeline.data.easy_vqa import read_easy_vqa

        return read_easy_vqa(config)
    if isinstance(config, ArithmeticDataset):
        from rlsd_pipeline.data.arithmetic import read_arithmetic

        return read_arithmetic(config)
    problems = _read_jsonl(config) if isinstance(config, JSONLDataset) else _read_hub(config)
    if not problems:
        raise DataError("the data set has no rows")
    return _hold_out(problems, config.test_share)


def source_digest(config: DatasetConfig) -> str:
    """What identifies the content of the source beside its declaration.

    Raises:
        DataError: A file of it cannot be read.
    """
    if isinstance(config, EasyVQADataset):
        return f"easy-vqa {version('easy-vqa')}"
    if isinstance(config, ArithmeticDataset):
        from rlsd_pipeline.data.arithmetic import VERSION

        return f"arithmetic {VERSION}"
    try:
        if isinstance(config, JSONLDataset):
            return _file_digest(Path(config.path), "image", "images")
        local = config.local
        if local is None:
            return f"{config.name}@{config.revision}"
        if local.is_dir():
            return path_digest(local)
        return _file_digest(local, *_image_columns(config))
    except OSError as error:
        raise DataError(f"{error.filename} cannot be read: {error.strerror}") from error


def _image_columns(config: HubDataset) -> list[str]:
    return [Column.parse(text).name for text in (config.columns.get("images"),) if text]


def pinned(config: DatasetConfig) -> DatasetConfig:
    """The data set with the commit that its hub id now names.

    Raises:
        ConfigError: The commit cannot be found out.
    """
    if not isinstance(config, HubDataset) or config.local or config.revision is None:
        return config
    commit = hub_commit(config.name, config.revision, "dataset")
    return config.model_copy(update={"revision": commit})


def _file_digest(file: Path, *columns: str) -> str:
    """A file's content and that of the images it names: they may change under the same names."""
    images = (file.parent / name for name in named_files(file, columns))
    return content_digest(file.parent, [file, *(image for image in images if image.is_file())])


def _read_jsonl(config: JSONLDataset) -> list[Problem]:
    from rlsd_pipeline.data.jsonl import read_jsonl

    return list(read_jsonl(Path(config.path), limit=config.limit))


def _read_hub(config: HubDataset) -> list[Problem]:
    from rlsd_pipeline.data.hub import read_hub

    splits = {"train": config.split} | ({"test": config.test_split} if config.test_split else {})
    problems = [
        problem.model_copy(update={"split": name})
        for name, split in splits.items()
        for problem in read_hub(
            config.name,
            config_name=config.config_name,
            split=split,
            revision=config.revision,
            columns=config.columns,
            limit=config.limit,
        )
    ]
    learnt = {problem.problem_id for problem in problems if problem.split == "train"}
    both = [p.problem_id for p in problems if p.split == "test" and p.problem_id in learnt]
    if both:
        raise DataError(
            f"{len(both)} problems are in both `split: {config.split}` and `test_split: "
            f"{config.test_split}` of {config.name}, first {both[0]!r}: what is learnt from cannot "
            "be evaluated on. One file or saved table has one split; leave out `test_split` to "
            "hold a part of it out"
        )
    return problems


def _hold_out(problems: list[Problem], share: float) -> list[Problem]:
    """Hold out the rows whose id hashes lowest, where the source names no test split."""
    if share == 0 or any(problem.split == "test" for problem in problems):
        return problems
    if len(problems) < 2:
        raise DataError("the data set has one row: it takes two to learn from one and hold one out")
    by_hash = sorted(problems, key=lambda p: hashlib.sha256(p.problem_id.encode()).digest())
    held = {problem.problem_id for problem in by_hash[: max(1, round(share * len(problems)))]}
    return [p.model_copy(update={"split": "test"}) if p.problem_id in held else p for p in problems]

from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rlsd_pipeline.data.hub import read_hub
from rlsd_pipeline.data.row import content_id
from rlsd_pipeline.errors import ConfigError, DataError
from schemas.problem import Problem
from tests.png import square

pytestmark = pytest.mark.usefixtures("datasets_cache")

COLUMNS = {"question": "problem", "answer": "gold"}


@pytest.fixture
def parquet(tmp_path: Path) -> Callable[..., str]:
    def parquet(rows: list[dict[str, Any]], **features: Any) -> str:
        folder = tmp_path / "set"
        folder.mkdir(exist_ok=True)
        table = datasets.Dataset.from_list(
            rows, features=datasets.Features(features) if features else None
        )
        table.to_parquet(folder / "train.parquet")
        return str(folder)

    return parquet


def test_full_row_with_a_list_of_images(parquet: Callable[..., str]) -> None:
    text = datasets.Value("string")
    folder = parquet(
        [
            {
                "problem": "What colour?",
                "gold": "<answer>red</answer>",
                "pictures": [{"bytes": square("red")}, {"bytes": square("blue")}],
                "name": 7,
                "options": ["red", "blue"],
                "why": "Look.",
                "meta": {"kind": "colour"},
                "unused": "x",
            }
        ],
        problem=text,
        gold=text,
        pictures=datasets.List(datasets.Image()),
        name=datasets.Value("int64"),
        options=datasets.List(text),
        why=text,
        meta={"kind": text},
        unused=text,
    )
    columns = {
        "question": "problem",
        "answer": "<answer>{gold}</answer>",
        "images": "pictures",
        "problem_id": "name",
        "choices": "options",
        "solution": "why",
        "attributes.kind": "meta.kind",
    }
    assert list(read_hub(folder, split="train", columns=columns)) == [
        Problem(
            problem_id="7",
            split="train",
            question="What colour?",
            images=[square("red"), square("blue")],
            answer="red",
            solution="Look.",
            choices=["red", "blue"],
            attributes={"kind": "colour"},
        )
    ]


def test_single_file_single_image_content_id_and_limit(parquet: Callable[..., str]) -> None:
    folder = parquet(
        [{"problem": f"q{i}", "gold": "a", "image": {"bytes": square("red")}} for i in range(3)],
        problem=datasets.Value("string"),
        gold=datasets.Value("string"),
        image=datasets.Image(),
    )
    file = f"{folder}/train.parquet"
    problems = list(
        read_hub(file, split="test[:2]", columns={**COLUMNS, "images": "image"}, limit=1)
    )
    assert [problem.problem_id for problem in problems] == [content_id("q0", "a", [square("red")])]
    assert problems[0].images == [square("red")]
    assert problems[0].split == "test"


def test_image_by_path_lies_in_the_folder(parquet: Callable[..., str], tmp_path: Path) -> None:
    columns = {**COLUMNS, "images": "image"}
    (tmp_path / "secret.png").write_bytes(square("blue"))
    rows = [{"problem": "q", "gold": "a", "image": "a.png"}]
    folder = parquet(rows)
    Path(folder, "a.png").write_bytes(square("red"))
    file = f"{folder}/train.parquet"
    assert next(read_hub(file, split="train", columns=columns)).images == [square("red")]
    for name in ("../secret.png", str(tmp_path / "secret.png")):
        file = f"{parquet([{**rows[0], 'image': name}])}/train.parquet"
        with pytest.raises(DataError, match="must be a path relative to"):
            next(read_hub(file, split="train", columns=columns))


def test_plain_binary_column(tmp_path: Path) -> None:
    file = tmp_path / "plain.parquet"
    pq.write_table(pa.table({"problem": ["q"], "gold": ["a"], "image": [square("red")]}), file)
    (problem,) = read_hub(str(file), split="train", columns={**COLUMNS, "images": "image"})
    assert problem.images == [square("red")]


def test_missing_column_lists_those_found(parquet: Callable[..., str]) -> None:
    folder = parquet([{"problem": "q", "answer": "a"}])
    with pytest.raises(DataError) as error:
        read_hub(folder, split="train", columns=COLUMNS)
    assert str(error.value) == f"{folder} has no column 'gold'; found: problem, answer"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"question": "q"}, "columns: no column is given for 'answer'"),
        ({"anwser": "a"}, "columns: unknown field 'anwser'; did you mean 'answer'?"),
    ],
)
def test_columns_are_checked_before_anything_is_read(columns: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        read_hub("nowhere", split="train", columns=columns)
    assert str(error.value) == message


def test_hub_id_needs_a_revision() -> None:
    with pytest.raises(ConfigError) as error:
        read_hub("owner/name", split="train", columns=COLUMNS)
    assert str(error.value) == (
        "owner/name is no local folder, and a data set of the hub needs a `revision` (a commit), "
        "so that the same rows are read again"
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"problem": "q", "gold": None}, "row 1: answer is empty (column 'gold')"),
        ({"problem": " ", "gold": "a"}, "row 1: question is empty (column 'problem')"),
        (
            {"problem": "q0", "gold": "a"},
            f"row 1: id '{content_id('q0', 'a', [])}' is already taken by ",
        ),
    ],
)
def test_bad_rows(parquet: Callable[..., str], row: dict[str, str], message: str) -> None:
    folder = parquet([{"problem": "q0", "gold": "a"}, row])
    with pytest.raises(DataError) as error:
        list(read_hub(folder, split="train", columns=COLUMNS))
    assert str(error.value).startswith(f"{folder} train {message}")


def test_answer_without_its_wrapping(parquet: Callable[..., str]) -> None:
    folder = parquet([{"problem": "q", "gold": "5"}])
    columns = {**COLUMNS, "answer": r"\boxed{{gold}}"}
    with pytest.raises(DataError) as error:
        list(read_hub(folder, split="train", columns=columns))
    assert str(error.value) == (
        f"{folder} train row 0: column 'gold' holds '5', which is not wrapped in "
        r"'\\boxed{' and '}'"
    )


def test_unknown_split_and_format(parquet: Callable[..., str], tmp_path: Path) -> None:
    folder = parquet([{"problem": "q", "gold": "a"}])
    with pytest.raises(DataError, match="Unknown split"):
        read_hub(folder, split="dev", columns=COLUMNS)
    (tmp_path / "a.xls").touch()
    with pytest.raises(DataError, match=r"a single file must be one of \.parquet"):
        read_hub(str(tmp_path / "a.xls"), split="train", columns=COLUMNS)

"""A data source that an experiment's user wrote."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rlsd_pipeline.components.location import class_of
from rlsd_pipeline.config.experiment import ExperimentConfig, load_experiment
from rlsd_pipeline.data.reading import read_problems
from rlsd_pipeline.data.source import DataSource
from rlsd_pipeline.errors import ComponentError, ConfigError, DataError

Png = Callable[..., bytes]

HEAD = """\
import csv
import io
from pathlib import Path

from PIL import Image

from rlsd_pipeline.components.located import LocatedPath
from rlsd_pipeline.data.source import DataSource
from schemas import Problem


class Mine(DataSource):
    @property
    def image_folder(self):
        return {folder}

    def problems(self):
"""
BODY = len(HEAD.splitlines()) + 1
"""Line of the first statement of `problems`."""

BESIDE = "Path(__file__).parent"


@pytest.fixture
def source(tmp_path: Path) -> Callable[..., DataSource]:
    """A source whose method has the given statements."""

    def build(*statements: str, folder: str = BESIDE, **settings: Any) -> DataSource:
        file = tmp_path / "source.py"
        head = HEAD.format(folder=folder)
        file.write_text(head + "".join(f"        {line}\n" for line in statements))
        found: DataSource = class_of(f"{file}:Mine")(**settings)
        return found

    return build


def test_dictionaries_become_problems(source: Callable[..., DataSource]) -> None:
    mine = source(
        "for n in range(4):",
        "    yield {'question': f'what is {n}?', 'answer': n, 'solution': None, 'id': f'q{n}',",
        "           'choices': (1, 2.5), 'attributes': {'size': n}}",
        test_share=0.25,
    )
    problems = read_problems(mine)
    assert [p.problem_id for p in problems] == ["q0", "q1", "q2", "q3"]
    assert sorted(p.split for p in problems) == ["test", "train", "train", "train"]
    last = problems[3].model_dump(exclude={"split"})
    assert last == {
        "problem_id": "q3",
        "question": "what is 3?",
        "images": [],
        "answer": "3",
        "solution": None,
        "choices": ["1", "2.5"],
        "attributes": {"size": "3"},
        "boxes": None,
        "cue": None,
    }


def test_a_split_that_it_names_is_kept(source: Callable[..., DataSource]) -> None:
    mine = source(
        "return [{'question': 'a', 'answer': 'b', 'problem_id': 'one'},",
        "        Problem(problem_id='two', split='test', question='c', images=[], answer='d',",
        "                solution=None, choices=[], attributes={})]",
    )
    assert [(p.problem_id, p.split) for p in read_problems(mine)] == [
        ("one", "train"),
        ("two", "test"),
    ]


def test_an_image_is_bytes_pillow_or_a_path(
    source: Callable[..., DataSource], tmp_path: Path, png: Png
) -> None:
    (tmp_path / "a.png").write_bytes(png(8, 8, seed=1))
    mine = source(
        "file = self.image_folder / 'a.png'",
        "for n, image in enumerate([file, 'a.png', file.read_bytes(), Image.open(file)]):",
        "    yield {'question': 'q', 'answer': 'a', 'id': n, 'images': (image,)}",
        test_share=0.0,
    )
    found = [problem.images[0] for problem in read_problems(mine)]
    assert found[:3] == [png(8, 8, seed=1)] * 3
    pixels = [Image.open(io.BytesIO(image)).tobytes() for image in found]
    assert pixels[3] == pixels[0]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("yield {'question': 'q'}", "answer: required, but missing"),
        ("yield {'question': ' ', 'answer': 'a'}", "question: string should have at least 1"),
        ("yield {'question': 'q', 'anwser': 'a'}", "anwser: unknown key"),
        ("yield {'question': 'q', 'answer': float('nan')}", "answer: required, but missing"),
        ("yield {'question': 'q', 'answer': True}", "answer: input should be a valid string"),
        ("yield {'id': 'x', 'problem_id': 'x'}", "give `id` or `problem_id`, not both"),
        ("yield ('q', 'a')", "a row is a `Problem` or a dictionary with `question` and `answer`"),
        ("yield {'question': 'q', 'answer': 'a', 'image': b'x'}", "images[0]: not an image"),
        ("yield {'question': 'q', 'answer': 'a', 'image': '../x.png'}", "without '..'"),
        ("yield {'question': 'q', 'answer': 'a', 'id': 'first'}", "id 'first' is already taken by"),
    ],
)
def test_a_bad_row_is_told_with_number_field_and_line(
    source: Callable[..., DataSource], tmp_path: Path, statement: str, said: str
) -> None:
    mine = source("yield {'question': 'q', 'answer': 'a', 'id': 'first'}", statement)
    with pytest.raises(DataError) as caught:
        read_problems(mine)
    place = f"row 2 ({tmp_path / 'source.py'}, line {BODY + 1})"
    message = str(caught.value)
    assert message.startswith(f"data source `source.py:Mine`, {place}")
    assert said in message


def test_what_it_raises_is_told_with_its_row_and_line(
    source: Callable[..., DataSource], tmp_path: Path
) -> None:
    mine = source("yield {'question': 'q', 'answer': 'a'}", "yield {'question': {}['q']}")
    with pytest.raises(ComponentError) as caught:
        read_problems(mine)
    assert str(caught.value) == (
        "data source `source.py:Mine`, row 2: KeyError: 'q' "
        f"({tmp_path / 'source.py'}, line {BODY + 1})"
    )


def test_a_method_that_gives_nothing_is_told(source: Callable[..., DataSource]) -> None:
    with pytest.raises(ComponentError, match=r"`problems` gave None: let it yield or return"):
        read_problems(source("[]"))
    with pytest.raises(DataError, match="the data set has no rows"):
        read_problems(source("return []"))


def test_text_names_no_image_where_there_is_no_folder(source: Callable[..., DataSource]) -> None:
    mine = source("yield {'question': 'q', 'answer': 'a', 'image': 'a.png'}", folder="None")
    with pytest.raises(DataError, match=r"'a\.png' is text and no image .* say in `image_folder`"):
        read_problems(mine)


def declared(folder: Path, model: str) -> ExperimentConfig:
    yaml = folder / "defs.yaml"
    yaml.write_text(
        "type: assets.component.Experiment\nattributes:\n"
        "  dataset: {type: './source.py:Mine'}\n"
        f"  model: {model}\n  arms: [weighting: {{type: grpo}}]\n"
    )
    return load_experiment(yaml)


def test_the_warm_started_model_is_refused_with_it(
    source: Callable[..., DataSource], tmp_path: Path
) -> None:
    source("return []")
    assert declared(tmp_path, "{type: pretrained, name: x}").dataset.component_kind == "data source"
    with pytest.raises(ConfigError, match="warm-started on easy-VQA and fits no other data set"):
        declared(tmp_path, "{type: tiny_qwen3_vl}")

"""Small copies of the five public benchmarks: their official layouts, our own rows and pictures.

`write_parquet` lays a benchmark out as the hub does, `write_json` as the authors' repositories do,
with pictures beside the file. `python -m tests.benchmark_fixtures FOLDER` writes all five.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import datasets
from PIL import Image, ImageDraw

from rlsd_pipeline.evaluation import benchmarks
from rlsd_pipeline.evaluation.benchmark import Benchmark
from tests.png import png

BENCHMARKS: dict[str, Benchmark] = {
    each.name: each
    for each in (kind() for kind in benchmarks.BENCHMARKS if issubclass(kind, Benchmark))
}
"""The five public ones by name, as they are without settings."""

Row = dict[str, Any]

_TEXT = datasets.Value("string")
_WHOLE = datasets.Value("int64")
_PICTURE = datasets.Image()
_COLOURS = ("red", "green", "blue", "orange", "purple", "black", "gray", "brown", "pink")
_SUBJECTS = ("Art", "Math", "Physics")
_NUMBERED = [f"image_{number}" for number in range(1, 8)]


class Part(NamedTuple):
    """A file of a benchmark: where it stands without its ending, and its rows."""

    place: str
    rows: Sequence[Row]


class Layout(NamedTuple):
    """A benchmark's files, the kinds of its columns, and how its authors write JSON."""

    parts: Sequence[Part]
    features: datasets.Features
    json_files: Sequence[Part]
    suffix: str
    pictures: Mapping[str, str]
    """Column with pictures -> column with their paths in the JSON form."""


def picture(seed: int, size: tuple[int, int] = (64, 48)) -> bytes:
    """As many circles as the seed says, on a background of its own; no two seeds are alike."""
    image = Image.new("RGB", size, (255, 255 - seed % 250, 255 - seed // 250))
    draw = ImageDraw.Draw(image)
    for place in range(seed % 9 + 1):
        left, top = 4 + place % 4 * 15, 4 + place // 4 * 15
        draw.ellipse((left, top, left + 10, top + 10), _COLOURS[(seed + place) % len(_COLOURS)])
    return png(image)


def mmmu() -> Layout:
    parts = [
        Part(f"{subject}/validation-00000-of-00001", _mmmu_rows(subject, 100 * (place + 1)))
        for place, subject in enumerate(_SUBJECTS)
    ]
    text = ("id", "question", "options", "explanation")
    rest = ("img_type", "answer", "topic_difficulty", "question_type", "subfield")
    features = datasets.Features(
        dict.fromkeys(text, _TEXT) | dict.fromkeys(_NUMBERED, _PICTURE) | dict.fromkeys(rest, _TEXT)
    )
    rows = [row for part in parts for row in part.rows]
    pictures = {name: name for name in _NUMBERED}
    return Layout(parts, features, [Part("validation", rows)], ".jsonl", pictures)


def _mmmu_rows(subject: str, seed: int) -> list[Row]:
    made = [
        # Options, answer, pictures, tags: more than four options, tags repeated and out of order.
        ("Which of <image 1> shows it?", ["oak", "elm", "fir", "ash", "yew", "bay"], "F", 1),
        ("Compare <image 2> with <image 1>, then <image 2>.", ["<image 1>", "<image 2>"], "B", 2),
        ("Give the ratio shown in <image 1>.", [], "['3/4', '0.75']", 1),
        ("How many circles does <image 1> have?", [], str((seed + 3) % 9 + 1), 1),
    ]
    return [
        {
            "id": f"validation_{subject}_{number}",
            "question": question,
            "options": repr(options),
            "explanation": "",
            **dict.fromkeys(_NUMBERED),
            **{_NUMBERED[k]: picture(seed + number - 1 + 50 * k) for k in range(pictures)},
            "img_type": "['Diagrams']",
            "answer": answer,
            "topic_difficulty": "Easy",
            "question_type": "multiple-choice" if options else "open",
            "subfield": f"{subject} of circles",
        }
        for number, (question, options, answer, pictures) in enumerate(made, start=1)
    ]


def mathvista() -> Layout:
    rows = [
        _mathvista_row(1, "Which bar is tallest?", ["12", "15", "12"], None, "15", "text"),
        _mathvista_row(2, "Is the red circle left of the blue?", ["Yes", "No"], None, "No", "text"),
        _mathvista_row(3, "How many circles are drawn?", None, None, "4", "integer"),
        _mathvista_row(4, "How long is the line?", None, 1.0, "2.5", "float", unit="cm"),
        _mathvista_row(5, "What is the mean of the bars?", None, 2.0, "0.75", "float"),
        _mathvista_row(6, "Which numbers are circled?", None, None, "[1, 3]", "list"),
    ]
    labels = ("language", "source", "category", "task", "context", "grade")
    metadata = {"split": _TEXT, "img_width": _WHOLE, "img_height": _WHOLE}
    features = datasets.Features(
        {
            **dict.fromkeys(("pid", "question", "image"), _TEXT),
            "decoded_image": _PICTURE,
            "choices": datasets.List(_TEXT),
            "unit": _TEXT,
            "precision": datasets.Value("float64"),
            **dict.fromkeys(("answer", "question_type", "answer_type"), _TEXT),
            "metadata": metadata | dict.fromkeys(labels, _TEXT) | {"skills": datasets.List(_TEXT)},
            "query": _TEXT,
        }
    )
    parts = [Part("data/testmini-00000-of-00001-0a1b2c3d", rows)]
    pictures = {"decoded_image": "image"}
    return Layout(parts, features, [Part("testmini", rows)], ".json by pid", pictures)


def _mathvista_row(
    pid: int,
    question: str,
    choices: list[str] | None,
    precision: float | None,
    answer: str,
    answer_type: str,
    unit: str | None = None,
) -> Row:
    return {
        "pid": str(pid),
        "question": question,
        "image": f"images/{pid}.png",
        "decoded_image": picture(400 + pid),
        "choices": choices,
        "unit": unit,
        "precision": precision,
        "answer": answer,
        "question_type": "multi_choice" if choices else "free_form",
        "answer_type": answer_type,
        "metadata": {
            "split": "testmini",
            "language": "english",
            "img_width": 64,
            "img_height": 48,
            "source": "Invented",
            "category": "math-targeted-vqa" if pid % 2 else "general-vqa",
            "task": "figure question answering",
            "context": "synthetic scene",
            "grade": "elementary school",
            "skills": ["arithmetic reasoning", "statistical reasoning"][: 1 + pid % 2],
        },
        "query": f"Question: {question}",
    }


def mathvision() -> Layout:
    letters = ["A", "B", "C", "D", "E"]
    made = [
        ("Which picture in <image1> is the mirror image?", letters, "C", "transformation geometry"),
        ("What is the sum?\n<image1>", ["3", r"$\frac{1}{2}$", "5", "7", "9"], "B", "arithmetic"),
        ("How many circles are there?\n<image1>", [], "5", "counting"),
        ("What is the area?\n<image1> <image2>", [], r"8\sqrt{3}", "metric geometry - area"),
        ("Where do the lines meet?\n<image1>", [], "(3,-4)", "analytic geometry"),
        ("Which ratio is drawn?\n<image1>", [], "1:2", "arithmetic"),
    ]
    rows = [
        {
            "id": str(number),
            "question": question,
            "options": options,
            "image": f"images/{number}.png",
            "decoded_image": picture(500 + number),
            "answer": answer,
            "solution": None,
            "level": 1 + number % 5,
            "subject": subject,
        }
        for number, (question, options, answer, subject) in enumerate(made, start=1)
    ]
    text = {name: _TEXT for name in ("answer", "solution")}
    features = datasets.Features(
        {
            **{"id": _TEXT, "question": _TEXT, "options": datasets.List(_TEXT), "image": _TEXT},
            **{"decoded_image": _PICTURE, **text, "level": _WHOLE, "subject": _TEXT},
        }
    )
    splits = {"test": rows, "testmini": rows[:2]}
    parts = [Part(f"data/{split}-00000-of-00001-4e5f", part) for split, part in splits.items()]
    json_files = [Part(split, part) for split, part in splits.items()]
    return Layout(parts, features, json_files, ".jsonl", {"decoded_image": "image"})


def zerobench() -> Layout:
    def row(question_id: str, question: str, answer: str, seeds: Sequence[int]) -> Row:
        return {
            "question_id": question_id,
            "question_text": question,
            "question_images": [f"images/{seed}.png" for seed in seeds],
            "question_images_decoded": [picture(seed) for seed in seeds],
            "question_answer": answer,
            "image_attribution": "drawn for this test",
        }

    main = [
        row("1", "How many circles do both pictures have, times seven?", "42", (601, 602)),
        row("2", "Read the code that the colours spell.", "007", (603,)),
    ]
    sub = [
        row("1_1", "How many circles has the first picture?", "8", (601,)),
        row("1_2", "How many circles have both?", "17", (601, 602)),
        row("2_1", "What is the first colour?", "Red", (603,)),
    ]
    features = datasets.Features(
        {
            **dict.fromkeys(("question_id", "question_text"), _TEXT),
            "question_images": datasets.List(_TEXT),
            "question_images_decoded": datasets.List(_PICTURE),
            **dict.fromkeys(("question_answer", "image_attribution"), _TEXT),
        }
    )
    splits = {"zerobench": main, "zerobench_subquestions": sub}
    parts = [Part(f"data/{split}-00000-of-00001", part) for split, part in splits.items()]
    json_files = [Part(split, part) for split, part in splits.items()]
    pictures = {"question_images_decoded": "question_images"}
    return Layout(parts, features, json_files, ".jsonl", pictures)


def wemath() -> Layout:
    options = (
        "A. 3; B. 4;C. 5; D. 6; E. No correct answer",
        # As mangled as some of the real ones.
        "A. to get shape ;B.; B. to turn it;C. neither;",
    )
    rows: list[Row] = []
    for steps, count in ((2, 2), (3, 1)):
        for group in range(1, count + 1):
            for part in (*(str(step) for step in range(1, steps + 1)), "multi"):
                number = len(rows) + 1
                rows.append(
                    {
                        "ID": f"{steps}steps_{group}",
                        "split": "testmini",
                        "knowledge concept": f"Circles, part {part}",
                        "question": f"As drawn, what is the number of step {part} of {group}?",
                        "option": options[number % 2],
                        "answer": "ABC"[number % 3],
                        "image_path": picture(700 + number),
                        "key": f"{steps}steps_{part}",
                        "question number": number,
                        "knowledge concept description": "Circles are round.",
                    }
                )
    features = datasets.Features(
        {
            name: {"image_path": _PICTURE, "question number": _WHOLE}.get(name, _TEXT)
            for name in rows[0]
        }
    )
    parts = [Part("data/testmini-00000-of-00001-6a7b", rows)]
    return Layout(parts, features, [Part("testmini", rows)], ".json", {"image_path": "image_path"})


LAYOUTS: dict[str, Callable[[], Layout]] = {
    made.__name__: made for made in (mmmu, mathvista, mathvision, zerobench, wemath)
}


def write_parquet(name: str, folder: Path) -> Path:
    """The tables of the hub, with images in them; returns the folder."""
    layout = LAYOUTS[name]()
    for part in layout.parts:
        file = folder / f"{part.place}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        datasets.Dataset.from_list(list(part.rows), layout.features).to_parquet(file)
    return folder


def write_json(name: str, folder: Path) -> Path:
    """The files of the authors' repository, with images beside them; returns the first file."""
    layout, files = LAYOUTS[name](), []
    for part in layout.json_files:
        rows = [_with_paths(row, layout.pictures, folder) for row in part.rows]
        suffix, _, key = layout.suffix.partition(" by ")
        file = folder / f"{part.place}{suffix}"
        if suffix == ".jsonl":
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        else:
            text = json.dumps({row[key]: row for row in rows} if key else rows, indent=1)
        file.write_text(text, "utf-8")
        files.append(file)
    return files[0]


def _with_paths(row: Row, pictures: Mapping[str, str], folder: Path) -> Row:
    plain = {name: value for name, value in row.items() if name not in pictures}
    for column, paths in pictures.items():
        value = row[column]
        places = [_save(data, folder) for data in (value if isinstance(value, list) else [value])]
        plain[paths] = places if isinstance(value, list) else places[0]
    return plain


def _save(data: bytes | None, folder: Path) -> str | None:
    if data is None:
        return None
    place = f"images/{hashlib.sha256(data).hexdigest()[:12]}.png"
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / place).write_bytes(data)
    return place


if __name__ == "__main__":
    for benchmark in LAYOUTS:
        print(write_parquet(benchmark, Path(sys.argv[1]) / benchmark))

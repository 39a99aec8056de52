"""The command line: a user's mistake ends in one message, a training in the table."""

import json
import re
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Declare = Callable[..., Path]
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for commands that must leave no artifact; a new one takes a second."""
    return tmp_path_factory.mktemp("shared") / "home"


@pytest.fixture
def refused(run: Run, shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs a command that must fail with one message, which it returns, and leave nothing."""
    monkeypatch.setenv("RLSD_HOME", str(shared_home))

    def refused(*arguments: object) -> str:
        answer = run(*arguments)
        assert answer.exit_code != 0
        said = answer.output + answer.error
        assert "Traceback" not in said
        assert said.count("Error") == 1
        assert answer.error.startswith(("Error: ", "Usage: "))
        assert list(shared_home.rglob("manifest.json")) == []
        return " ".join(answer.error.split())

    return refused


def test_an_unknown_experiment_names_the_nearest(refused: Callable[..., str]) -> None:
    for command in ("train", "evaluate", "status"):
        said = refused(command, "easy_vqu")
        assert said.startswith("Error: no experiment 'easy_vqu': did you mean 'easy_vqa'?")


def test_an_unknown_key_names_place_and_nearest(
    refused: Callable[..., str], declare: Declare
) -> None:
    file = declare(sampling={"prompts": 4, "group_sise": 4})
    for command in ("train", "evaluate", "status"):
        said = refused(command, file)
        assert said.startswith(f"Error: {file}: attributes.sampling.group_sise: unknown key")
        assert said.endswith("did you mean 'group_size'?")


def test_a_file_that_is_no_experiment(refused: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "defs.yaml"
    file.write_text("a: [1")
    assert f"{file}: cannot be read as YAML" in refused("train", file)
    file.write_text(yaml.safe_dump({"iterations": 3}))
    assert f"{file}: expected the keys `type` and `attributes`" in refused("train", file)


def test_more_iterations_than_declared(refused: Callable[..., str], declare: Declare) -> None:
    said = refused("train", declare(), "--iterations", 4)
    assert said.startswith("Error: --iterations 4: small declares 3;")
    assert "'--iterations': 0 is not in the range x>=1" in refused(
        "train", declare(), "--iterations", 0
    )


def test_an_unknown_arm(refused: Callable[..., str], declare: Declare) -> None:
    for command in ("train", "evaluate"):
        said = refused(command, declare(), "--arm", "rlsd-s0", "--arm", "rlsd")
        assert said == "Error: small has no arm 'rlsd'; it has grpo-s0, rlsd-s0"


def test_more_problems_than_there_are(run: Run, declare: Declare, home: Path) -> None:
    answer = run("train", declare(sampling={"prompts": 11, "max_tokens": 12}))
    assert answer.exit_code == 1
    assert answer.error.startswith("Error: sampling.prompts asks for 11 problems an iteration and")
    assert "Traceback" not in answer.output + answer.error
    assert not (home / "artifacts" / "rollouts").exists()


def header_of(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"")
    chunks = (header, data, b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in chunks
    )


def jsonl(folder: Path, *rows: dict[str, Any]) -> dict[str, Any]:
    """Writes a data set beside the YAML in a folder; returns what the YAML says about it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "problems.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return {"type": "jsonl", "path": "problems.jsonl"}


GOOD = {"question": "how many?", "answer": "2"}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"question": "how many?"}, "problems.jsonl line 2: answer: required, but missing"),
        (GOOD | {"image": "text.png"}, "line 2, images[0] 'text.png': not an image"),
        (GOOD | {"image": "../out.png"}, "line 2, images[0] '../out.png': '../out.png' must be"),
        (GOOD | {"image": "/etc/hostname"}, "'/etc/hostname' must be a path relative to"),
        (GOOD | {"image": "link.png"}, "'link.png' leads out of"),
        (GOOD | {"image": "absent.png"}, "images[0] 'absent.png': there is no such file"),
        (GOOD | {"image": "bomb.png"}, "line 2, images[0] 'bomb.png': Image size (900000000"),
        (GOOD | {"image": "large.png"}, "'large.png': 10000 x 10000 pixels are more than"),
        (GOOD | {"anwser": "2"}, "line 2: anwser: unknown key"),
    ],
)
def test_a_bad_row_is_named_by_its_line(
    refused: Callable[..., str],
    declare: Declare,
    model_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    row: dict[str, Any],
    said: str,
) -> None:
    folder = declare().parent
    dataset = jsonl(folder, GOOD, row, GOOD | {"question": "and now?"})
    (folder / "text.png").write_text("no picture")
    (folder / "bomb.png").write_bytes(header_of(30_000, 30_000))
    (folder / "large.png").write_bytes(header_of(10_000, 10_000))
    (folder.parent / "out.png").write_bytes(header_of(8, 8))
    (folder / "link.png").symlink_to(folder.parent / "out.png")
    file = declare(dataset=dataset, model={"type": "pretrained", "name": str(model_folder)})
    # Paths are relative to the YAML, wherever the command is called.
    monkeypatch.chdir(tmp_path)
    message = refused("train", file.relative_to(tmp_path))
    assert said in message


def test_a_gold_answer_that_the_verifier_rejects(
    refused: Callable[..., str], declare: Declare, model_folder: Path
) -> None:
    dataset = jsonl(declare().parent, GOOD, GOOD | {"id": "bad", "answer": "</answer>"})
    model = {"type": "pretrained", "name": str(model_folder)}
    said = refused("train", declare(dataset=dataset, model=model, verifier={"type": "exact"}))
    assert "rejects the gold answer of 1 of 2 problems, first bad" in said


def test_a_model_without_a_chat_template(
    refused: Callable[..., str], declare: Declare, model_folder: Path, tmp_path: Path
) -> None:
    bare = Path(shutil.copytree(model_folder, tmp_path / "bare"))
    (bare / "chat_template.jinja").unlink()
    dataset = jsonl(declare().parent, *(GOOD | {"question": f"{n}?"} for n in range(9)))
    said = refused(
        "train", declare(dataset=dataset, model={"type": "pretrained", "name": str(bare)})
    )
    assert said.startswith(f"Error: the tokenizer of {bare} has no chat template")


def test_a_model_that_is_not_there(
    refused: Callable[..., str], declare: Declare, tmp_path: Path
) -> None:
    dataset = jsonl(declare().parent, GOOD)
    model = {"type": "pretrained", "name": str(tmp_path / "absent")}
    said = refused("train", declare(dataset=dataset, model=model))
    assert said.startswith(f"Error: the model {tmp_path / 'absent'} cannot be read: ")


def test_status_before_anything_has_run(run: Run, declare: Declare, home: Path) -> None:
    answer = run("status", declare())
    assert answer.exit_code == 0
    assert answer.output.count("not started") == 2
    assert answer.error == ""
    assert not home.exists()


def test_nothing_to_evaluate_yet(run: Run, declare: Declare) -> None:
    answer = run("evaluate", declare())
    assert answer.exit_code == 0, answer.error
    assert "grpo-s0: nothing to evaluate yet, train it first" in answer.output


def test_training_goes_on_and_ends_in_the_table(
    run: Run, declare: Declare, row_of: Callable[..., list[str]], trained: Path, home: Path
) -> None:
    shutil.copytree(trained, home)
    file = declare()
    answer = run("train", file, "--arm", "rlsd-s0")
    assert answer.exit_code == 0, answer.error
    assert "rlsd-s0: 2 of 3 iterations are complete" in answer.output
    assert "grpo-s0" not in answer.output
    base, last = row_of(answer.output, "base"), row_of(answer.output, "rlsd")
    assert (base[:2], last[:2]) == (["greedy", "base"], ["greedy", "rlsd"])
    assert base[2].startswith("0.000 [0.000, ")
    assert (base[3], last[3]) == ("0", "3")
    assert str(home / "artifacts") in answer.output

    status = run("status", file)
    arm = row_of(status.output, "rlsd-s0")
    assert arm[1] == "3 of 3"
    # Of the newest policy: a score of another one says which.
    assert re.fullmatch(r"0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]", arm[2])
    assert row_of(status.output, "grpo-s0")[1] == "2 of 3"

    before = {path: path.read_bytes() for path in home.rglob("manifest.json")}
    again = run("train", file, "--arm", "rlsd-s0")
    assert "rlsd-s0: 3 of 3 iterations are complete" in again.output
    assert row_of(again.output, "rlsd") == last
    assert {path: path.read_bytes() for path in home.rglob("manifest.json")} == before


def test_own_data_and_model_from_a_file_to_a_score(
    run: Run,
    declare: Declare,
    row_of: Callable[..., list[str]],
    model_folder: Path,
    home: Path,
) -> None:
    """A JSONL file and a text model's folder: no images, no labels, no steps to break down by."""
    rows = (GOOD | {"question": f"{n} and {n}?", "answer": str(2 * n)} for n in range(12))
    dataset = jsonl(declare().parent, *rows) | {"test_share": 0.25}
    file = declare(
        dataset=dataset,
        model={"type": "pretrained", "name": str(model_folder)},
        verifier={"type": "math"},
        privileged="answer",
    )
    answer = run("train", file, "--arm", "rlsd-s0", "--iterations", "1")
    assert answer.exit_code == 0, answer.error
    assert row_of(answer.output, "rlsd")[3] == "1"
    scores = list(home.glob("artifacts/benchmark_scores.greedy/*/*/benchmark_score-*.json"))
    assert [json.loads(score.read_text())["questions"] for score in scores] == [3, 3]


def test_a_difference_that_cannot_be_planned_for(
    refused: Callable[..., str], declare: Declare
) -> None:
    file = declare()
    assert "0.0 is not in the range x>0" in refused("power", file, "--difference", 0)
    said = refused("power", file, "--difference", 2)
    assert said == "Error: --difference 2: accuracy is a share, and two points of it are 0.02"
    said = refused("power", file, "--difference", 0.1, "--benchmark", "mmmu")
    assert said == "Error: small has no benchmark 'mmmu'; it has greedy"
    said = refused("power", file, "--difference", 0.1)
    assert said.endswith("another method: `rlsd train small` trains and evaluates them")

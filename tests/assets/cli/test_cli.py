"""The command line: a user's mistake ends in one message."""

import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.assets.cli.own_data import GOOD, jsonl

Declare = Callable[..., Path]
Run = Callable[..., Any]


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

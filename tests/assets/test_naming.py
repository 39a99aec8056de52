"""Names of experiments: Dagster takes them all, and no two files share one's state."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assets import naming
from assets.naming import declared_files, experiment_name, known_file, own_name, take_name
from rlsd_pipeline.errors import ConfigError

Declare = Callable[..., Path]
Run = Callable[..., Any]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("easy_vqa/defs.yaml", "easy_vqa"),
        ("my-model v1.2/defs.yaml", "my_model_v1_2"),
        ("größe/defs.yaml", "gro_e"),
        ("Café/defs.yaml", "Cafe"),
        ("folder/a.yaml", "a"),
        ("folder/b-c.yml", "b_c"),
        ("2026/defs.yml", "2026"),
    ],
)
def test_the_folder_or_the_file_is_the_name(file: str, name: str) -> None:
    assert experiment_name(Path("/x") / file) == name


@pytest.mark.parametrize("folder", ["实验", "---", "…"])
def test_a_name_of_which_nothing_is_left(folder: str) -> None:
    with pytest.raises(ConfigError, match="no letter or digit of ASCII: rename it"):
        experiment_name(Path("/x") / folder / "defs.yaml")


def yaml_in(folder: Path, name: str = "defs.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("x")
    return folder / name


def test_the_first_file_has_the_name(tmp_path: Path, home: Path) -> None:
    first, second = (yaml_in(tmp_path / place / "mine") for place in "ab")
    assert own_name(second) == "mine"
    assert not home.exists()
    assert [take_name(first), take_name(first), own_name(first)] == ["mine"] * 3
    for refused in (own_name, take_name):
        with pytest.raises(ConfigError) as error:
            refused(second)
        assert str(first) in str(error.value)
        assert str(second) in str(error.value)
        assert str(home) in str(error.value)
    assert known_file("mine") == first
    assert [path.name for path in (home / "experiments").iterdir()] == ["mine.json"]


def test_names_that_become_one_are_one(tmp_path: Path) -> None:
    take_name(yaml_in(tmp_path / "my-run"))
    with pytest.raises(ConfigError, match="two experiments are called my_run"):
        take_name(yaml_in(tmp_path / "my run"))


def test_a_file_that_moved_keeps_its_name(tmp_path: Path) -> None:
    first = yaml_in(tmp_path / "a" / "mine")
    take_name(first)
    moved = yaml_in(tmp_path / "b" / "mine")
    first.unlink()
    assert known_file("mine") is None
    assert take_name(moved) == "mine"
    assert known_file("mine") == moved


def test_a_name_is_adopted(tmp_path: Path) -> None:
    first, second = (yaml_in(tmp_path / place / "mine") for place in "ab")
    take_name(first)
    take_name(second, adopt=True)
    assert known_file("mine") == second
    with pytest.raises(ConfigError):
        own_name(first)


def test_names_are_free_in_a_copy_of_a_home(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (yaml_in(tmp_path / place / "mine") for place in "ab")
    take_name(first)
    monkeypatch.setenv("RLSD_HOME", str(shutil.copytree(home, tmp_path / "copy")))
    assert take_name(second) == "mine"


def test_a_damaged_record_is_none(tmp_path: Path, home: Path) -> None:
    take_name(yaml_in(tmp_path / "a" / "mine"))
    for content in ("", "[]", '{"file": 3}'):
        (home / "experiments" / "mine.json").write_text(content)
        assert take_name(yaml_in(tmp_path / "b" / "mine")) == "mine"


def test_a_home_that_cannot_be_written(tmp_path: Path, home: Path) -> None:
    home.write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be written"):
        take_name(yaml_in(tmp_path / "mine"))


def test_experiments_are_found_however_deep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naming, "EXPERIMENTS", tmp_path)
    deep, shallow = yaml_in(tmp_path / "a" / "b"), yaml_in(tmp_path / "z")
    yaml_in(tmp_path / "z" / "data")
    yaml_in(tmp_path / ".hidden")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert declared_files() == [shallow, deep]


def test_a_second_experiment_of_a_name_is_refused_with_both_files(
    run: Run, declare: Declare, tmp_path: Path
) -> None:
    first = declare()
    second = Path(shutil.copytree(first.parent, tmp_path / "elsewhere" / "small")) / "defs.yaml"
    take_name(first)
    for command in (["train"], ["status"], ["evaluate"], ["results"], ["report"]):
        answer = run(*command, second)
        assert answer.exit_code == 1
        said = " ".join(answer.error.split())
        assert said.startswith("Error: two experiments are called small")
        assert str(first) in said
        assert str(second) in said
    answer = run("adopt", second)
    assert answer.output == f"small is the name of {second}, and no longer of {first}\n"
    assert run("status", second).exit_code == 0
    # Its name is enough from now on.
    assert run("status", "small").output == run("status", second).output
    assert run("status", first).exit_code == 1


def test_two_files_of_one_folder_are_told_apart(run: Run, declare: Declare) -> None:
    a, b = (declare().with_name(f"{name}.yaml") for name in "ab")
    for file in (a, b):
        shutil.copyfile(declare(), file)
    take_name(a)
    assert [run("status", file).output.split()[0] for file in (a, b)] == ["a", "b"]

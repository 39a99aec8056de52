from pathlib import Path

import pytest

from rlsd_pipeline.config.paths import is_path, local_path, located_name, located_path
from rlsd_pipeline.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("./model", True),
        ("../x", True),
        ("~/x", True),
        ("/x", True),
        (".", True),
        ("data/train/x.csv", True),
        ("gpt2", False),
        ("org/name", False),
        ("org.x/name.v2", False),
    ],
)
def test_what_is_a_path(name: str, path: bool) -> None:
    assert is_path(name) is path
    assert (local_path(name) is not None) is path


def test_a_relative_path_begins_at_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert located_path("a/b", tmp_path) == str(tmp_path / "a" / "b")
    assert located_path("../b", tmp_path / "a") == str(tmp_path / "b")
    assert located_path("~/b", tmp_path) == str(tmp_path / "home" / "b")
    assert located_path("/b", tmp_path) == "/b"


def test_a_name_is_a_path_where_it_lies_beside_the_yaml(tmp_path: Path) -> None:
    assert located_name("org/name", tmp_path, None) == "org/name"
    (tmp_path / "org" / "name").mkdir(parents=True)
    assert located_name("org/name", tmp_path, None) == str(tmp_path / "org" / "name")
    assert located_name("gpt2", tmp_path, "main") == "gpt2"
    (tmp_path / "gpt2").mkdir()
    with pytest.raises(ConfigError, match="has no revision main: drop `revision`"):
        located_name("gpt2", tmp_path, "main")


def test_an_unknown_user(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="~nobody-of-this-name/x: there is no such user here"):
        located_path("~nobody-of-this-name/x", tmp_path)


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_path_is_not_the_folder_of_the_yaml(tmp_path: Path, empty: str) -> None:
    with pytest.raises(ConfigError, match="is empty"):
        located_path(empty, tmp_path)
    with pytest.raises(ConfigError, match="is empty"):
        located_name(empty, tmp_path, None)

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub import constants

from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.identity import hub
from rlsd_pipeline.identity.hub import hub_commit

FIRST, SECOND = "1" * 40, "2" * 40

Answers = Callable[[Callable[..., Any]], list[tuple[Any, ...]]]


@pytest.fixture
def hub_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Answers:
    """Lets the hub answer; returns what it is asked. Nothing was downloaded before."""
    hub._asked.cache_clear()
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def answers(answer: Callable[..., Any]) -> list[tuple[Any, ...]]:
        asked: list[tuple[Any, ...]] = []

        def repo_info(_: object, name: str, **options: Any) -> SimpleNamespace:
            asked.append((name, options["repo_type"], options["revision"]))
            return SimpleNamespace(sha=answer())

        monkeypatch.setattr(huggingface_hub.HfApi, "repo_info", repo_info)
        return asked

    return answers


def unreached() -> str:
    raise OSError("Name or service not known")


def test_a_branch_becomes_the_commit_that_it_is(hub_says: Answers) -> None:
    asked = hub_says(lambda: FIRST)
    assert hub_commit("org/name", "main", "model") == FIRST
    assert hub_commit("org/name", None, "model") == FIRST
    assert asked == [("org/name", "model", "main")]
    assert hub_commit("org/name", None, "dataset") == FIRST
    assert asked[1:] == [("org/name", "dataset", "main")]


def test_a_commit_is_itself_and_asks_nobody(hub_says: Answers) -> None:
    asked = hub_says(lambda: FIRST)
    assert hub_commit("org/name", SECOND, "model") == SECOND
    assert asked == []


def test_without_a_network_the_last_download_counts(hub_says: Answers, tmp_path: Path) -> None:
    hub_says(unreached)
    refs = tmp_path / "cache" / "models--org--name" / "refs"
    refs.mkdir(parents=True)
    (refs / "main").write_text(SECOND)
    assert hub_commit("org/name", None, "model") == SECOND
    with pytest.raises(ConfigError, match="the commit of the model org/name at v2 is not known"):
        hub_commit("org/name", "v2", "model")


def test_without_a_network_and_a_download_it_says_so(hub_says: Answers) -> None:
    hub_says(unreached)
    with pytest.raises(ConfigError) as error:
        hub_commit("org/name", "main", "dataset")
    assert str(error.value) == (
        "the commit of the dataset org/name at main is not known: the hub is not reached (Name or "
        "service not known), and nothing of it was downloaded before. Connect, or declare a local "
        "folder"
    )


def test_a_folder_in_the_working_directory_is_not_read_in_its_place(
    hub_says: Answers, tmp_path: Path
) -> None:
    hub_says(lambda: FIRST)
    (tmp_path / "org" / "name").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"would be read instead: write `\./org/name`"):
        hub_commit("org/name", FIRST, "model")


def test_what_is_no_hub_id(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="neither a folder beside the YAML nor a hub id"):
        hub_commit("two words", "main", "model")

"""A component of a user's own stands where a built-in one may."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from rlsd_pipeline.components.component import CODE, identity
from rlsd_pipeline.components.source import package_digest
from rlsd_pipeline.config.experiment import ExperimentConfig, load_experiment
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.rlsd import RLSD
from schemas.documented import field_descriptions
from tests.rlsd_pipeline.components.conftest import MINE, Load


def test_a_file_beside_the_yaml(load: Load) -> None:
    weighting = load("{type: './mine.py:Scaled', factor: 3.0}").arms[0].weighting
    assert type(weighting).__name__ == "Scaled"
    assert weighting.factor == 3.0
    assert field_descriptions(type(weighting))["factor"] == "How many times."


def test_a_subclass_of_a_built_in_one_keeps_its_settings(load: Load) -> None:
    weighting = load("{type: './mine.py:Wider', mix: 0.25}").arms[0].weighting
    assert isinstance(weighting, RLSD)
    assert (weighting.mix, weighting.clip) == (0.25, 0.9)


@pytest.mark.parametrize("separator", [".", ":"])
def test_a_module_that_python_imports(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, separator: str
) -> None:
    package = f"own_methods_{'dot' if separator == '.' else 'colon'}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").touch()
    (tmp_path / package / "credit.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    weighting = load(f"{{type: '{package}.credit{separator}Scaled'}}").arms[0].weighting
    assert weighting.type == f"{package}.credit:Scaled"
    assert identity(weighting)["factor"] == 2.0


def test_a_module_that_is_edited_after_its_import_counts_as_it_was_imported(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_edited.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    weighting = load("{type: own_edited.Scaled}").arms[0].weighting
    imported = package_digest("own_edited")
    (tmp_path / "own_edited.py").write_text(MINE.replace("self.factor *", "-self.factor *"))
    assert identity(weighting)[CODE] == imported
    package_digest.cache_clear()
    assert package_digest("own_edited") != imported


def test_a_built_in_one_by_its_import_path_is_the_built_in_one(load: Load) -> None:
    weighting = load("{type: rlsd_pipeline.weighting.grpo.GRPO}").arms[0].weighting
    assert weighting == GRPO()


def test_it_survives_json_and_pickle(load: Load) -> None:
    declared = load("{type: './mine.py:Scaled', factor: 3.0}")
    assert ExperimentConfig.model_validate_json(declared.model_dump_json()) == declared
    assert pickle.loads(pickle.dumps(declared)) == declared


def test_a_process_that_does_not_see_the_file_runs_it_all_the_same(
    load: Load, tmp_path: Path
) -> None:
    weighting = load("{type: './mine.py:Scaled', factor: 3.0}").arms[0].weighting
    (tmp_path / "pickled").write_bytes(pickle.dumps(weighting))
    (tmp_path / "mine.py").unlink()
    code = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb')).factor)"
    found = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "pickled")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == "3.0\n", found.stderr


def test_its_code_and_settings_are_its_identity_and_its_folder_is_not(
    load: Load, tmp_path: Path
) -> None:
    first = identity(load("{type: './mine.py:Scaled'}").arms[0].weighting)
    assert first["type"] == "mine.py:Scaled"
    assert first["factor"] == 2.0
    assert str(tmp_path) not in str(first)
    again = identity(load("{type: './mine.py:Scaled'}").arms[0].weighting)
    assert again == first
    other = MINE.replace("self.factor *", "-self.factor *")
    (tmp_path / "mine.py").write_text(other)
    changed = identity(load_experiment(tmp_path / "defs.yaml").arms[0].weighting)
    assert changed[CODE] != first[CODE]


def test_nothing_is_added_to_a_built_in_one() -> None:
    assert identity(GRPO()) == GRPO().model_dump(mode="json")


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("./mine.py:Other", "Other is no weighting: make it a subclass of rlsd_pipeline."),
        ("./mine.py:Unfinished", "Unfinished lacks streams"),
        ("./mine.py:Nothing", "has no class Nothing; it has Scaled, Wider, Unfinished, Other"),
        ("./mine.py", "names no class: write `./file.py:Class`"),
        ("./none.py:Scaled", "none.py cannot be read: No such file or directory"),
        ("no_such_package.credit.Scaled", "Python finds no module no_such_package"),
    ],
)
def test_a_mistake_is_one_message_with_its_line(load: Load, declared: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(f"{{type: '{declared}'}}")
    message = str(caught.value)
    assert said in message
    assert "attributes.arms[0].weighting" in message
    assert "line 5" in message
    assert "\n" not in message


def test_an_unknown_setting_has_the_nearest_name(load: Load) -> None:
    with pytest.raises(ConfigError, match=r"weighting\.factr: unknown key .*'factor'"):
        load("{type: './mine.py:Scaled', factr: 3.0}")


def test_a_wrong_setting_is_told_as_that_of_a_built_in_one(load: Load) -> None:
    with pytest.raises(ConfigError, match=r"weighting\.factor: input should be greater than 0"):
        load("{type: './mine.py:Scaled', factor: -1.0}")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os\n\nraise RuntimeError('broken')\n", "RuntimeError: broken"),
        ("import os\n\nclass A(\n", "SyntaxError: '(' was never closed"),
        ("import os\n\nimport no_such_package\n", "No module named 'no_such_package'"),
    ],
)
def test_a_file_that_cannot_be_run_is_told_with_its_line(
    load: Load, tmp_path: Path, code: str, said: str
) -> None:
    load("{type: grpo}")
    (tmp_path / "mine.py").write_text(code)
    with pytest.raises(ConfigError) as caught:
        load("{type: './mine.py:Scaled'}")
    assert said in str(caught.value)
    assert f"({tmp_path / 'mine.py'}, line 3)" in str(caught.value)

"""Where the three packages lie, and what loading them does not load."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import TypeAdapter

import assets
import rlsd_pipeline
import schemas
from assets import dagster_private
from assets.cli import main

ROOT = Path(__file__).resolve().parents[1]

ELSEWHERE = {
    # Options of click, which the commands' tests give.
    "cli": {"parameters"},
    # A range of iterations is trained (training/test_training.py), and an update by each method is
    # made by `rlsd compare --lookahead` (cli/test_compare.py): neither is done twice.
    "stages": {"stage_asset", "lookahead"},
}
"""Modules without a test file of their name."""


def loaded_by(code: str, home: Path) -> set[str]:
    """Top-level packages that a fresh interpreter has loaded when some code has run."""
    environment = {**os.environ, "RLSD_HOME": str(home)}
    environment.pop("DAGSTER_HOME", None)
    process = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('loaded:', *sys.modules)"],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    modules = process.stdout.rpartition("loaded: ")[2].split()
    return {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize("package", [assets, rlsd_pipeline, schemas])
def test_a_package_is_the_one_of_this_checkout(package: object) -> None:
    assert Path(package.__file__).parent == ROOT / package.__name__  # type: ignore[attr-defined]


def test_what_others_import_stays_where_it_is() -> None:
    # Checkers of verdicts outside this repository build verifiers by these names.
    from rlsd_pipeline.config.verifier import VerifierConfig
    from rlsd_pipeline.verifiers.verifier import build

    assert build(TypeAdapter(VerifierConfig).validate_python({"type": "exact"}))


def test_the_contracts_load_only_pydantic(tmp_path: Path) -> None:
    loaded = loaded_by("import schemas", tmp_path)
    assert {"schemas", "pydantic"} <= loaded
    assert loaded.isdisjoint({"torch", "transformers", "pyarrow", "numpy", "dagster"})


def test_the_definitions_load_no_model_library_and_leave_nothing_behind(tmp_path: Path) -> None:
    code = "import assets.definitions; assert len(assets.definitions.defs().assets) > 0"
    loaded = loaded_by(code, tmp_path)
    assert {"assets", "dagster", "rlsd_pipeline"} <= loaded
    assert loaded.isdisjoint({"torch", "transformers", "vllm", "ray", "datasets"})
    assert list(tmp_path.iterdir()) == []


def test_one_module_names_what_dagster_keeps_private() -> None:
    files = [
        file
        for folder in ("assets", "rlsd_pipeline", "schemas", "deploy", "examples")
        for file in (ROOT / folder).rglob("*.py")
        if re.search(r"\bdagster(_\w+)?\._|\bdagster_shared\b", file.read_text())
    ]
    assert files == [Path(dagster_private.__file__)]


def test_what_dagster_keeps_private_is_what_the_type_checker_reads() -> None:
    source = ast.parse(Path(dagster_private.__file__).read_text())
    names = {
        each.asname or each.name: (statement.module or "", each.name)
        for statement in ast.walk(source)
        if isinstance(statement, ast.ImportFrom)
        for each in statement.names
    }
    assert "SqliteEventLogStorage" in names
    for name, (module, original) in names.items():
        found = getattr(dagster_private, name)
        assert found is getattr(importlib.import_module(module), original)
    shared = (*dagster_private.SERVER_MODULES, *dagster_private.STORAGE_MODULES)
    for module in (*shared, *dagster_private.RUN_MODULES):
        assert importlib.util.find_spec(module) is not None


def test_a_command_is_the_file_of_its_name() -> None:
    files = {file.stem for file in (ROOT / "assets" / "cli" / "commands").glob("[!_]*.py")}
    assert {"train", "compare", "import_"} <= files
    # A keyword of Python is no name of a function.
    assert set(main.commands) == {name.rstrip("_") for name in files}


@pytest.mark.parametrize("package", ELSEWHERE)
def test_a_module_has_the_test_file_of_its_name(package: str) -> None:
    modules = {file.stem for file in (ROOT / "assets" / package).glob("[!_]*.py")}
    files = (ROOT / "tests" / "assets" / package).glob("test_*.py")
    assert modules - {file.stem.removeprefix("test_") for file in files} == ELSEWHERE[package]


def test_help_answers_at_once(tmp_path: Path) -> None:
    code = """
import contextlib
from assets.cli import main
with contextlib.suppress(SystemExit):
    main(["--help"])
"""
    loaded = loaded_by(code, tmp_path)
    assert "click" in loaded
    assert loaded.isdisjoint({"dagster", "torch", "transformers", "pydantic", "pyarrow"})


def test_commands_that_read_load_no_model_library(tmp_path: Path) -> None:
    code = """
from assets.cli import main
for command in (["status", "easy_vqa"], ["gc"], ["results", "easy_vqa"]):
    main(command, standalone_mode=False)
"""
    loaded = loaded_by(code, tmp_path)
    assert {"pyarrow", "rich", "rlsd_pipeline"} <= loaded
    assert loaded.isdisjoint({"torch", "transformers", "datasets", "scipy", "pandas", "matplotlib"})

import json
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.__main__ import CONTRACTS, main


def test_one_contract_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["Rollout"])
    schema = json.loads(capsys.readouterr().out)
    assert schema["title"] == "Rollout"
    assert schema["properties"]["rollout_logprobs"]["anyOf"][0]["items"]["maximum"] == 0


def test_all_contracts_are_printed_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    assert list(json.loads(capsys.readouterr().out)) == list(CONTRACTS)


def test_each_contract_gets_a_file(tmp_path: Path) -> None:
    main(["--out", str(tmp_path / "out")])
    written = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "out").iterdir()}
    assert {name: schema["title"] for name, schema in written.items()} == {n: n for n in CONTRACTS}


def test_an_unknown_name_is_answered_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["Rolout"])
    assert "'Rollout'" in capsys.readouterr().err


def test_importing_the_contracts_loads_nothing_heavy() -> None:
    script = "import sys, schemas, schemas.__main__; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"torch", "transformers", "pyarrow", "numpy", "dagster", "datasets", "rlsd_pipeline"}
    assert "pydantic" in loaded
    assert heavy.isdisjoint(loaded)

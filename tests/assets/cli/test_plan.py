"""`rlsd plan`: tables and JSON for a person and a program, and its refusal."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from assets.cli import main
from assets.home import EXPERIMENTS
from rlsd_pipeline.home import ROOT

SMALL = {
    "dataset": {"type": "easy_vqa", "train_questions": 10, "test_questions": 10},
    "sampling": {"prompts": 4, "group_size": 8, "max_prompt_tokens": 64, "max_tokens": 32},
    "arms": [{"weighting": {"type": "grpo"}}, {"weighting": {"type": "rlsd"}, "seeds": [0, 1]}],
    "iterations": 5,
}


def _file(folder: Path, **changes) -> str:
    document = {"type": "assets.component.Experiment", "attributes": SMALL | changes}
    (folder / "defs.yaml").write_text(yaml.safe_dump(document))
    return str(folder)


def test_tables_for_a_person(tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["plan", _file(tmp_path, hardware={"device": "L4"})])
    assert ran.exit_code == 0, ran.output
    for text in ("parameters of tiny_qwen3_vl", "memory of one device", "optimizer", "rlsd"):
        assert text in ran.output
    assert "whole run   3 arms" in ran.output


def test_an_experiment_without_hardware_is_planned_for_this_machine(tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["plan", _file(tmp_path)])
    assert ran.exit_code == 0, ran.output
    assert "planned for 1 device(s)" in ran.output


def test_json_for_a_program(tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["plan", _file(tmp_path, hardware={"device": "L4"}), "--json"])
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.stdout)
    assert found["parameters"] == found["trained"]
    methods = {method["method"]: method for method in found["methods"]}
    assert methods["rlsd"]["seeds"] == 2
    assert set(methods["grpo"]["operations"]["scoring"]) == {"student"}
    phases = {phase["name"]: phase["parts"] for phase in methods["rlsd"]["phases"]}
    assert phases["update"]["optimizer"] == 8 * found["parameters"]
    assert found["disk"]["everything"] > found["disk"]["collected"] > 0
    assert found["refusals"] == []


def test_what_does_not_fit_ends_with_an_error(tmp_path: Path) -> None:
    device = {"memory_gib": 0.5, "teraflops": 1, "teraflops_float32": 1, "bandwidth": 1}
    file = _file(tmp_path, hardware={"device": device, "reserved_gib": 0.1})
    ran = CliRunner().invoke(main, ["plan", file])
    assert ran.exit_code == 1
    assert "does not fit on 1 device(s), each 0 GiB" in ran.stderr
    assert "What would fit:" in ran.stderr
    as_json = CliRunner().invoke(main, ["plan", file, "--json"])
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["refusals"] != []


MEASURED = """
import sys, time
from assets.cli import main
for name in sys.argv[1:]:
    main(["plan", name, "--json"], standalone_mode=False)
    print(chr(0))
# Not getrusage: a child begins with the peak of the process that started it.
lines = open("/proc/self/status").read().splitlines()
peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
print(f"{time.process_time():.1f} {peak:.0f}", file=sys.stderr)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
def test_eight_billion_parameters_take_seconds_and_little_memory() -> None:
    experiments = [str(EXPERIMENTS / name) for name in ("qwen3_vl_8b", "qwen3_vl_8b_lora")]
    ran = subprocess.run(
        [sys.executable, "-c", MEASURED, *experiments],
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)},
    )
    assert ran.returncode == 0, f"{ran.returncode}: {ran.stderr}"
    plans = [json.loads(text) for text in ran.stdout.split("\0")[:-1]]
    assert [plan["parameters"] for plan in plans] == [8_767_123_696] * 2
    seconds, megabytes = map(float, ran.stderr.splitlines()[-1].split())
    assert megabytes < 2000
    # Of the processor, whatever else the machine does.
    assert seconds < 60

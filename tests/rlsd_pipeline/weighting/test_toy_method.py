"""Adding a method touches one file: its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
SMALL_EXPERIMENT = ROOT / "tests" / "rlsd_pipeline" / "stages" / "conftest.py"

TOY = '''\
"""A method that uses everything at once."""

from typing import Literal

from rlsd_pipeline.divergences.divergence import StoredDivergence
from rlsd_pipeline.divergences.reverse_kl import ReverseKL
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting


class Toy(Weighting):
    """Twice the advantage, a pull to the teacher in the reasoning, and right answers by heart."""

    type: Literal["toy"] = "toy"

    factor: float = 2.0

    @property
    def stored_divergence(self) -> StoredDivergence:
        return ReverseKL(top_k=4)

    def streams(self, credit: Credit) -> TokenStreams:
        return TokenStreams(
            token_advantages=self.factor * credit.token_advantages,
            distillation_weights=0.5 * credit.reasoning.float() * credit.token_informed,
            nll_weights=0.25 * credit.correct.float()[credit.rows],
        )
'''

# The folder of the methods gets one more file, and nothing else is told.
RUN = """\
import importlib.util
import json
import sys
from pathlib import Path

import rlsd_pipeline

folder, small_experiment, store = sys.argv[1:]

spec = importlib.util.find_spec("rlsd_pipeline.weighting")
spec.submodule_search_locations.append(folder)
package = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = rlsd_pipeline.weighting = package
spec.loader.exec_module(package)

from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.iteration.problems import ProblemsStage
from rlsd_pipeline.stages.workspace import Workspace
from schemas import PolicyCheckpoint, Reward, TeacherDistribution, TokenLogprobs, TokenWeights

spec = importlib.util.spec_from_file_location("small_experiment", small_experiment)
small = importlib.util.module_from_spec(spec)
spec.loader.exec_module(small)

declared = {**small.DECLARED, "arms": [{"weighting": {"type": "toy", "factor": 3.0}}]}
workspace = Workspace("toy", ExperimentConfig.model_validate(declared), ArtifactStore(Path(store)))
workspace.verifier = small.Coin()
workspace.whole().make(ProblemsStage)
run = workspace.at("toy-s0", 0)
run.make(PolicyStage)
made = {name: stage(run) for name, stage in small.STAGES.items()}
print(json.dumps({
    "metrics": made["policy_checkpoint"].record(PolicyCheckpoint).metrics,
    "weighting": made["token_weights"].manifest.config["weighting"],
    "rewards": made["rewards"].table(Reward).to_pylist(),
    "weights": made["token_weights"].table(TokenWeights).to_pylist(),
    "logprobs": made["logprobs"].table(TokenLogprobs).to_pylist(),
    "support": made["logprobs"].table(TeacherDistribution)["support_size"].to_pylist(),
    "updates": workspace.at("toy-s0", 1).read("policy").record(PolicyCheckpoint).updates,
}))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What one whole iteration of an experiment with the new method left behind."""
    folder = tmp_path_factory.mktemp("toy")
    (folder / "methods").mkdir()
    (folder / "methods" / "toy.py").write_text(TOY)
    arguments = [folder / "methods", SMALL_EXPERIMENT, folder / "store"]
    finished = subprocess.run(
        [sys.executable, "-c", RUN, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1])


def test_the_declared_method_made_the_streams(made: dict) -> None:
    assert made["weighting"] == {"type": "toy", "factor": 3.0}
    for row, reward in zip(made["weights"], made["rewards"], strict=True):
        count = len(row["completion_ids"])
        expected = [3 * reward["advantage"]] * count
        assert row["token_advantages"] == pytest.approx(expected, rel=1e-6)
        right = 0.25 * (reward["verdict"] == "correct")
        assert row["nll_weights"] == [right] * count
        assert set(row["distillation_weights"]) <= {0.0, 0.5}
    assert any(0.5 in row["distillation_weights"] for row in made["weights"])
    # It asked for a teacher and for four entries of its distribution.
    assert all(row["teacher_logprobs"] is not None for row in made["logprobs"])
    assert made["support"] == [4] * 16


def test_the_update_consumed_all_of_them(made: dict) -> None:
    metrics = made["metrics"]
    parts = [metrics[f"loss_{name}"] for name in ("policy_gradient", "distillation", "nll")]
    assert metrics["loss"] == pytest.approx(sum(parts), abs=1e-6)
    assert metrics["grad_norm"] > 0
    assert made["updates"] == 1
    # By the tables: on policy, so ρ = 1; over each response, then over responses.
    gradient = likelihood = 0.0
    for row, scored in zip(made["weights"], made["logprobs"], strict=True):
        share = 1 / (16 * len(row["completion_ids"]))
        gradient -= share * sum(row["token_advantages"])
        pairs = zip(row["nll_weights"], scored["student_logprobs"], strict=True)
        likelihood -= share * sum(weight * logprob for weight, logprob in pairs)
    assert parts[0] == pytest.approx(gradient, abs=1e-5)
    assert parts[1] > 0
    assert parts[2] == pytest.approx(likelihood, abs=1e-5)


def test_nothing_of_it_stays(made: dict) -> None:
    """The methods of this process are those of the folder."""
    from rlsd_pipeline.weighting import METHODS

    assert "toy" not in {method.model_fields["type"].default for method in METHODS}

"""What identifies a stage's artifact at a place: the request whose fingerprint the store keeps."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest
from rlsd_pipeline.config.dataset import JSONLDataset
from rlsd_pipeline.config.experiment import HeldoutBenchmark
from rlsd_pipeline.config.model import TinyQwen3VL
from rlsd_pipeline.data.sources import source_digest
from rlsd_pipeline.stages.contract import CONTRACTS
from rlsd_pipeline.stages.run import StageRun, Workspace
from rlsd_pipeline.weighting.schedule import at_iteration


def problems_request(workspace: Workspace) -> ArtifactRequest:
    """The data set, as declared and as its source now is."""
    experiment = workspace.experiment
    extra: dict[str, Any] = {"source": source_digest(experiment.dataset)}
    if isinstance(experiment.dataset, JSONLDataset):
        # Its content counts, and not the folder it happens to lie in.
        plain = experiment.dataset.model_dump(mode="json", exclude={"path"})
        extra |= {"dataset": plain | {"file": Path(experiment.dataset.path).name}}
    return _request("problems", experiment, extra, {})


def policy_request(run: StageRun) -> ArtifactRequest:
    """The base model; a warm start also depends on the prompts it teaches."""
    experiment, extra = run.experiment, {}
    if isinstance(experiment.model, TinyQwen3VL):
        images = _plain(experiment.dataset, "warm_start_images")
        extra = _plain(experiment, "prompts") | images
    return _request("policy", experiment, extra, {})


def rollouts_request(run: StageRun) -> ArtifactRequest:
    """Arms of one seed that share a policy share its rollouts."""
    seeds = {"arm": run.arm.seed, "iteration": run.iteration, "draw": run.draw}
    return _request("rollouts", run.experiment, {}, inputs_of(run, "rollouts"), seeds)


def rewards_request(run: StageRun) -> ArtifactRequest:
    """Verdicts on the rollouts."""
    return _request("rewards", run.experiment, {}, inputs_of(run, "rewards"))


def logprobs_request(run: StageRun) -> ArtifactRequest:
    """The teacher and what it sees count where the arm's method reads them."""
    extra: dict[str, Any] = {"temperature": run.experiment.sampling.temperature}
    inputs = inputs_of(run, "logprobs")
    if run.arm.weighting.reads_teacher:
        inputs["teacher"] = run.read("policy", run.arm.teacher.iteration(run.iteration))
        extra |= _plain(run.experiment, "privileged")
    return _request("logprobs", run.experiment, extra, inputs)


def token_weights_request(run: StageRun) -> ArtifactRequest:
    """The weighting with its schedules resolved at this iteration."""
    weighting = at_iteration(run.arm.weighting, run.iteration)
    extra = {"weighting": weighting.model_dump(mode="json")}
    return _request("token_weights", run.experiment, extra, inputs_of(run, "token_weights"))


def policy_checkpoint_request(run: StageRun) -> ArtifactRequest:
    """The update; the iteration orders its minibatches."""
    extra = _plain(run.arm, "update") | {"temperature": run.experiment.sampling.temperature}
    inputs = inputs_of(run, "policy_checkpoint")
    seeds = {"iteration": run.iteration}
    return _request("policy_checkpoint", run.experiment, extra, inputs, seeds)


def benchmark_scores_request(run: StageRun, benchmark: HeldoutBenchmark) -> ArtifactRequest:
    """One policy on one benchmark."""
    extra = {
        "benchmark": benchmark.model_dump(mode="json"),
        "confidence": run.experiment.evaluation.confidence,
        "max_tokens": run.experiment.sampling.max_tokens,
    }
    inputs = inputs_of(run, "benchmark_scores")
    request = _request("benchmark_scores", run.experiment, extra, inputs)
    return ArtifactRequest(**{**vars(request), "stage": f"benchmark_scores.{benchmark.name}"})


def inputs_of(run: StageRun, stage: str) -> dict[str, Artifact]:
    """The artifacts that a stage reads here."""
    return {name: run.read(name) for name in CONTRACTS[stage].reads}


def _request(
    stage: str,
    experiment: BaseModel,
    extra: Mapping[str, Any],
    inputs: Mapping[str, Artifact],
    seeds: Mapping[str, int] | None = None,
) -> ArtifactRequest:
    contract = CONTRACTS[stage]
    return ArtifactRequest(
        stage=stage,
        code_version=contract.version,
        config=_plain(experiment, *contract.experiment) | dict(extra),
        inputs={name: artifact.digest for name, artifact in inputs.items()},
        seeds=dict(seeds or {}),
    )


def _plain(config: BaseModel, *fields: str) -> dict[str, Any]:
    """The named parts of a configuration as plain JSON values."""
    return config.model_dump(mode="json", include=set(fields)) if fields else {}


REQUESTS: dict[str, Callable[[StageRun], ArtifactRequest]] = {
    "rollouts": rollouts_request,
    "rewards": rewards_request,
    "logprobs": logprobs_request,
    "token_weights": token_weights_request,
    "policy_checkpoint": policy_checkpoint_request,
}


def is_current(run: StageRun, stage: str) -> bool:
    """Whether a stage's artifact is there and is what the experiment now declares."""
    artifact = run.workspace.store.ref(run.reference(stage))
    if artifact is None:
        return False
    return artifact.fingerprint == REQUESTS[stage](replace(run, draw=run.kept_draw())).fingerprint

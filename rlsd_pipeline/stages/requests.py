"""What identifies a stage's artifact at a place: the request whose fingerprint the store keeps."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest
from rlsd_pipeline.components.component import identity
from rlsd_pipeline.config.dataset import HubDataset, JSONLDataset
from rlsd_pipeline.config.evaluation import (
    BenchmarkConfig,
    Decoding,
    HeldoutBenchmark,
    PublicBenchmarkConfig,
)
from rlsd_pipeline.config.experiment import Arm
from rlsd_pipeline.config.model import AnyModel, TinyQwen3VL
from rlsd_pipeline.config.precision import is_exact, model_precision, training_precision
from rlsd_pipeline.config.teacher import ModelTeacher
from rlsd_pipeline.data.sources import pinned, source_digest
from rlsd_pipeline.identity.files import path_digest
from rlsd_pipeline.identity.models import model_identity
from rlsd_pipeline.stages.contract import CONTRACTS
from rlsd_pipeline.stages.iteration.image_places import image_tags
from rlsd_pipeline.stages.run import StageRun, Workspace
from rlsd_pipeline.weighting.method import Weighting


def problems_request(workspace: Workspace) -> ArtifactRequest:
    """The data set, as declared and as its source now is.

    Raises:
        ConfigError: The commit of a hub id cannot be found out.
    """
    experiment = workspace.experiment
    dataset = pinned(experiment.dataset)
    extra: dict[str, Any] = {"source": source_digest(dataset)}
    # Its content counts, and not the folder it happens to lie in.
    if isinstance(dataset, JSONLDataset):
        plain = identity(dataset, without=("path",))
        extra |= {"dataset": plain | {"file": Path(dataset.path).name}}
    elif isinstance(dataset, HubDataset):
        local = ("name", "revision") if dataset.local else ()
        extra |= {"dataset": identity(dataset, without=local)}
    # They decide which problems are refused.
    if any((tags := image_tags(experiment)).values()):
        extra |= {"image_tags": tags}
    return _request("problems", experiment, extra, {})


def policy_request(run: StageRun) -> ArtifactRequest:
    """The base model of an arm."""
    return model_request(run, run.base_model)


def model_request(run: StageRun, model: AnyModel) -> ArtifactRequest:
    """A model as it comes; a warm start also depends on the prompts it teaches.

    Raises:
        ConfigError: The commit of a hub id cannot be found out.
        ModelError: A file or folder of the model cannot be read.
    """
    experiment = run.experiment
    extra: dict[str, Any] = {"model": model_identity(model)}
    if isinstance(model, TinyQwen3VL):
        extra |= _plain(experiment, "prompts")
        extra |= _plain(experiment.dataset, "warm_start_images")
    return _request("policy", experiment, extra, {})


def ema_teacher_request(rate: float, before: Artifact, policy: Artifact) -> ArtifactRequest:
    """The moving average of the policies after one more."""
    return ArtifactRequest(
        stage="teacher",
        code_version="1",
        config={"rate": rate},
        inputs={"teacher": before.digest, "policy": policy.digest},
        seeds={},
    )


def rollouts_request(run: StageRun) -> ArtifactRequest:
    """Arms of one seed that share a policy share its rollouts."""
    seeds = {"arm": run.arm.seed, "iteration": run.iteration, "draw": run.draw}
    engine = run.experiment.engine.identity
    extra: dict[str, Any] = {"responses": run.arm.weighting.responses, "engine": engine}
    if run.arm.weighting.responses == "reference":
        extra |= _scoring_precision(run)
    return _request("rollouts", run.experiment, extra, inputs_of(run, "rollouts"), seeds)


def rewards_request(run: StageRun) -> ArtifactRequest:
    """Verdicts on the rollouts."""
    return _request("rewards", run.experiment, {}, inputs_of(run, "rewards"))


def logprobs_request(run: StageRun, teacher: Artifact | None) -> ArtifactRequest:
    """The teacher and what it sees count where the arm's method reads them.

    Methods that keep the same entries of its distribution share a table, whatever divergence they
    make of it.
    """
    extra: dict[str, Any] = {"temperature": run.experiment.sampling.temperature}
    inputs = inputs_of(run, "logprobs")
    if not run.arm.privileged_reads_rewards:
        del inputs["rewards"]
    if teacher is not None:
        inputs["teacher"] = teacher
        extra |= _plain(run.arm, "privileged")
        if run.arm.privileged == "sibling":
            extra["demonstration"] = "without thinking"
    divergence = run.arm.weighting.stored_divergence
    if divergence is not None:
        extra |= _plain(divergence, "top_k", "support")
    extra |= _scoring_precision(run)
    return _request("logprobs", run.experiment, extra, inputs)


def token_weights_request(run: StageRun) -> ArtifactRequest:
    """The weighting with its schedules resolved at this iteration."""
    weighting = run.arm.weighting.at_iteration(run.iteration)
    extra = {"weighting": identity(weighting)}
    return _request("token_weights", run.experiment, extra, inputs_of(run, "token_weights"))


def policy_checkpoint_request(run: StageRun) -> ArtifactRequest:
    """The update; arm and iteration order its minibatches."""
    extra: dict[str, Any] = {"temperature": run.experiment.sampling.temperature}
    extra |= {"update": _update(run.arm)} | _precision(run)
    divergence = run.arm.weighting.stored_divergence
    if divergence is not None:
        extra["divergence"] = identity(divergence)
    inputs = inputs_of(run, "policy_checkpoint")
    seeds = {"arm": run.arm.seed, "iteration": run.iteration}
    return _request("policy_checkpoint", run.experiment, extra, inputs, seeds)


def _update(arm: Arm) -> dict[str, Any]:
    """How an arm updates; an adapter that it does not train stands nowhere."""
    return identity(arm.update, without=() if arm.update.lora else ("lora",))


def _precision(run: StageRun) -> dict[str, str]:
    """How an update computes, where not everything is float32."""
    if is_exact(run.experiment):
        return {}
    return {"precision": f"{training_precision(run.experiment)}, float32 weights"}


def _scoring_precision(run: StageRun) -> dict[str, str]:
    """How responses are scored, where not everything is float32."""
    teacher = run.arm.teacher
    rounded = isinstance(teacher, ModelTeacher) and model_precision(teacher.model) != "float32"
    if is_exact(run.experiment) and not rounded:
        return {}
    return {"scored_in": training_precision(run.experiment)}


def weighting_comparison_request(
    run: StageRun, named: Mapping[str, Weighting], left_out: Mapping[str, str]
) -> ArtifactRequest:
    """Every method with its settings, and why others are left out."""
    extra = {
        "methods": {name: identity(method) for name, method in named.items()},
        "left_out": dict(left_out),
        "confidence": run.experiment.evaluation.confidence,
    }
    inputs = inputs_of(run, "weighting_comparison")
    return _request("weighting_comparison", run.experiment, extra, inputs)


def gradient_comparison_request(run: StageRun, arms: Mapping[str, Arm]) -> ArtifactRequest:
    """Every method as an arm would have it; a teacher of an earlier policy is in this one's past.

    Args:
        run: Where.
        arms: Method -> the arm with this method in the place of its own.
    """
    extra = {
        "methods": {
            name: _plain(arm, "weighting", "teacher", "privileged") | {"update": _update(arm)}
            for name, arm in arms.items()
        },
        "temperature": run.experiment.sampling.temperature,
    }
    extra |= _precision(run)
    inputs = inputs_of(run, "gradient_comparison")
    return _request("gradient_comparison", run.experiment, extra, inputs)


def information_gap_request(run: StageRun, teacher: Artifact) -> ArtifactRequest:
    """The teacher of the arm, whatever its method reads."""
    extra: dict[str, Any] = {"temperature": run.experiment.sampling.temperature}
    extra |= _scoring_precision(run)
    inputs = inputs_of(run, "information_gap") | {"teacher": teacher}
    return _request("information_gap", run.experiment, extra, inputs)


def benchmark_items_request(
    workspace: Workspace, benchmark: PublicBenchmarkConfig
) -> ArtifactRequest:
    """The rows of a benchmark, as declared and as a local copy now is."""
    extra = _plain(benchmark, "type", "split", "revision", "limit", "max_pixels")
    if benchmark.path is not None:
        extra |= {"source": path_digest(Path(benchmark.path))}
    request = _request("benchmark_items", workspace.experiment, extra, {})
    return replace(request, stage=f"benchmark_items.{benchmark.name}")


def benchmark_responses_request(
    run: StageRun,
    benchmark: BenchmarkConfig,
    items: Artifact,
    asked: Sequence[tuple[str, str]],
    budget: tuple[int, int],
) -> ArtifactRequest:
    """Responses to some questions; what is made of them later does not count.

    Args:
        run: Where.
        benchmark: How the policy answers.
        items: The artifact that holds the questions and their images.
        asked: Problem id and prompt of each.
        budget: Tokens of a prompt and of a response.
    """
    texts = hashlib.sha256(json.dumps(list(asked)).encode()).hexdigest()
    extra = _plain(benchmark, *Decoding.model_fields) | {"asked": texts, "budget": list(budget)}
    extra |= {"system": run.experiment.prompts.system, "engine": run.experiment.engine.identity}
    inputs = {"policy": run.read("policy"), "items": items}
    request = _request("benchmark_responses", run.experiment, extra, inputs)
    return replace(request, stage=f"benchmark_responses.{benchmark.name}")


def benchmark_scores_request(
    run: StageRun, benchmark: BenchmarkConfig, items: Artifact
) -> ArtifactRequest:
    """One policy on one benchmark."""
    extra = {
        "benchmark": identity(benchmark, without=("path",)),
        "confidence": run.experiment.evaluation.confidence,
        "engine": run.experiment.engine.identity,
    }
    if isinstance(benchmark, HeldoutBenchmark):
        extra["max_tokens"] = run.experiment.sampling.max_tokens
    inputs = {"items": items, "policy": run.read("policy")}
    request = _request("benchmark_scores", run.experiment, extra, inputs)
    return replace(request, stage=f"benchmark_scores.{benchmark.name}")


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
    return identity(config, *fields) if fields else {}

"""The teacher of an iteration, as an artifact.

A snapshot is a policy of this or an earlier iteration. A moving average and another model are
artifacts of their own, so an interruption does not change them.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Literal

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest, ArtifactWriter
from rlsd_pipeline.config.model import AnyModel
from rlsd_pipeline.config.teacher import EMATeacher, ModelTeacher
from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.workspace import StageRun
from schemas import PolicyCheckpoint

if TYPE_CHECKING:
    from rlsd_pipeline.models.policy import Policy


class TeacherModel(PolicyStage):
    """Another model that teaches, kept as a policy is."""

    type: Literal["policy"] = "policy"

    declared: AnyModel
    """The model."""

    def model(self, run: StageRun) -> AnyModel:
        """The teacher's."""
        return self.declared


def teacher_policy(run: StageRun) -> Artifact:
    """The weights that would teach at an iteration, whether the arm's method asks them or not."""
    teacher = run.arm.teacher
    if isinstance(teacher, EMATeacher):
        return _moving_average(run, teacher.rate)
    if isinstance(teacher, ModelTeacher):
        stage = TeacherModel(declared=teacher.model)
        other = run.workspace.store.produce(
            stage.request(run), lambda out: stage.write(run, {}, out), recompute=False
        )
        run.workspace.store.set_ref(run.reference("teacher"), other)
        return other
    return run.read("policy", teacher.iteration(run.iteration))


def averaged_again(run: StageRun) -> Artifact:
    """The moving average at an iteration, from the one before it and the policy."""
    assert isinstance(run.arm.teacher, EMATeacher)
    before = run.read("teacher", run.iteration - 1)
    return _averaged(run, run.arm.teacher.rate, before, run.read("policy"))


def require_same_tokenizer(student: Policy, teacher: Policy) -> None:
    """The teacher scores the student's token ids, which must mean the same to it.

    Raises:
        ModelError: The tokenizers differ; names a token.
    """
    ours, theirs = student.tokenizer.get_vocab(), teacher.tokenizer.get_vocab()
    differing = sorted(t for t in ours.keys() | theirs.keys() if ours.get(t) != theirs.get(t))
    if differing:
        token = differing[0]
        raise ModelError(
            f"the teacher's tokenizer is not the student's: {len(differing)} tokens differ, for "
            f"example {token!r} is {ours.get(token)} to the student and {theirs.get(token)} to the "
            "teacher. A teacher can only score a student that speaks its vocabulary: choose a "
            "model of the same family"
        )


def _moving_average(run: StageRun, rate: float) -> Artifact:
    """The average at this iteration, from the last stored one of this lineage."""
    store, first = run.workspace.store, run.iteration
    while first > 0 and not _is_average(run, rate, first - 1):
        first -= 1
    for iteration in range(first, run.iteration + 1):
        policy = run.read("policy", iteration)
        average = policy
        if iteration > 0:
            average = _averaged(run, rate, run.read("teacher", iteration - 1), policy)
        store.set_ref(run.reference("teacher", iteration), average)
    return average


def _is_average(run: StageRun, rate: float, iteration: int) -> bool:
    """Whether the teacher kept at an iteration was made of its policy at this rate."""
    kept = run.workspace.store.intact_ref(run.reference("teacher", iteration))
    policy = run.read("policy", iteration)
    if kept is None or iteration == 0:
        return kept is not None and kept.digest == policy.digest
    manifest = kept.manifest
    return manifest.config == {"rate": rate} and manifest.inputs["policy"] == policy.digest


def average_request(rate: float, before: Artifact, policy: Artifact) -> ArtifactRequest:
    """The request for the moving average of the policies after one more."""
    return ArtifactRequest(
        stage="teacher",
        code_version="1",
        config={"rate": rate},
        inputs={"teacher": before.digest, "policy": policy.digest},
        seeds={},
    )


def _averaged(run: StageRun, rate: float, before: Artifact, policy: Artifact) -> Artifact:
    from safetensors.torch import load_file, save_file

    from rlsd_pipeline.models.weights import opened, weight_files

    def write(out: ArtifactWriter) -> None:
        checkpoint = policy.record(PolicyCheckpoint)
        weights = weight_files(checkpoint.model_files)
        for name in set(checkpoint.model_files) - set(weights):
            shutil.copyfile(policy.local_path(name), out.path(name))
        former = weight_files(before.record(PolicyCheckpoint).model_files)
        with opened([before.local_path(name) for name in former]) as old:
            for name in weights:
                # In float32 whatever the policy's precision: a small step would be lost in
                # bfloat16.
                average = {
                    key: old[key]()[:].float().lerp(value.float(), rate).contiguous()
                    for key, value in load_file(policy.local_path(name)).items()
                }
                save_file(average, out.path(name), metadata={"format": "pt"})
        out.record(
            checkpoint.model_copy(
                update={
                    "parent": before.digest,
                    "metrics": {},
                    "optimizer_files": [],
                    "adapter_files": [],
                }
            )
        )

    request = average_request(rate, before, policy)
    return run.workspace.store.produce(request, write, recompute=False)

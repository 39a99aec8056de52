"""An update by several processes, on the devices of one node or several."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from rlsd_pipeline.artifacts import Artifact, ArtifactWriter
from rlsd_pipeline.compute.job import MODEL, UpdateJob, write_job
from rlsd_pipeline.compute.ranks import Ranks
from rlsd_pipeline.compute.ray_train import RayTrain
from rlsd_pipeline.compute.ray_work import RayWork
from rlsd_pipeline.compute.result import read_result
from rlsd_pipeline.compute.torchrun import Torchrun
from rlsd_pipeline.config.compute import LocalCompute, ShardedUpdate, TorchrunCompute
from rlsd_pipeline.config.ray import RayCompute
from rlsd_pipeline.models.adapter import adapter_shapes, add_adapter, save_adapter
from rlsd_pipeline.models.skeleton import load_skeleton
from rlsd_pipeline.models.weights import other_files, save_optimizer, save_weights
from rlsd_pipeline.stages.iteration.arm_adapter import arm_adapter, arm_base
from rlsd_pipeline.stages.iteration.training import Written
from rlsd_pipeline.stages.iteration.update_groups import minibatch_seed, update_groups
from rlsd_pipeline.stages.run import StageRun
from schemas import PolicyCheckpoint


def update_ranks(run: StageRun) -> Ranks | None:
    """The processes that the experiment declares for an update; None for this one alone."""
    compute = run.experiment.compute
    if isinstance(compute, TorchrunCompute):
        return Torchrun(compute, run.launcher)
    if isinstance(compute, RayCompute):
        assert isinstance(run.workspace.compute, RayWork)
        return RayTrain(compute, run.workspace.compute.crew)
    assert isinstance(compute, LocalCompute)
    return None


def train_on_ranks(
    run: StageRun, inputs: Mapping[str, Artifact], out: ArtifactWriter, ranks: Ranks
) -> Written:
    """Update the policy on several devices, and write it as `train_here` does.

    The processes read a job from a folder and leave their rows of the result there. What they
    trained is put together here, so any number of processes can go on from it.
    """
    compute, target = run.experiment.compute, out.path("config.json").parent
    assert isinstance(compute, ShardedUpdate)
    parent, lora = inputs["policy"], run.arm.update.lora
    base = arm_base(run, parent)
    shared = None if compute.shared_folder is None else Path(compute.shared_folder)
    with tempfile.TemporaryDirectory(prefix="rlsd-job-", dir=shared or target) as directory:
        folder = Path(directory)
        # Without weights: they come with the job, and a shared folder holds copies.
        described = other_files(base.record(PolicyCheckpoint).model_files)
        policy = load_skeleton(base.checkout(folder / MODEL, described))
        groups = update_groups(run, inputs, policy)
        job = UpdateJob(
            update=run.arm.update,
            divergence=run.arm.weighting.stored_divergence,
            temperature=run.experiment.sampling.temperature,
            seed=minibatch_seed(run),
            precision=compute.precision,
            activation_checkpointing=compute.activation_checkpointing,
        )
        adapter = None
        if lora is not None:
            adapted = load_skeleton(folder / MODEL).model
            add_adapter(adapted, lora)
            adapter = arm_adapter(run, parent, base, adapter_shapes(adapted)).values
        write_job(folder, job, parent, groups, base=base, adapter=adapter)
        run.workspace.pool.leave_device()
        ranks.train(folder, run.workspace.progress)
        result = read_result(folder)
        adapter_files = []
        if lora is not None:
            values = dict(result.tensors("adapter"))
            adapter_files = save_adapter(target, values, lora, base.digest)
        return Written(
            result.metrics,
            save_weights(policy.model, target, dict(result.tensors("weights"))),
            save_optimizer(target, result.tensors("optimizer")),
            adapter_files,
            None,
        )

"""Two nodes that meet at an address: here one machine, on which the command is started twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from deploy.processes.machine import free_port
from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.compute.job import UpdateJob, write_job
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.update.policy_update import UpdateGroup

# As `srun` does: both must end well.
TWICE = '"$@" & first=$!; "$@"; second=$?; wait $first && exit $second'


def test_two_nodes_equal_one_process(
    build: Callable[[str], Policy],
    make_groups: Callable[..., list[UpdateGroup]],
    make_job: Callable[..., UpdateJob],
    keep: Callable[..., Artifact],
    alone: Callable[..., Any],
    together: Callable[..., None],
    read: Callable[[Path], Any],
    far: Callable[..., float],
    tmp_path: Path,
) -> None:
    policy, job = build("llama"), make_job()
    artifact, groups = keep(policy, name="llama"), make_groups(policy, ("token_advantages",))
    (tmp_path / "jobs" / "one").mkdir(parents=True)
    write_job(tmp_path / "jobs" / "one", job, artifact, groups)
    together(
        tmp_path / "jobs",
        1,
        nodes=2,
        rendezvous=f"127.0.0.1:{free_port()}",
        launch_prefix=["sh", "-c", TWICE, "twice"],
        shared_folder=str(tmp_path),
    )
    one, two = alone(artifact, groups, job), read(tmp_path / "jobs" / "one")
    assert len(list((tmp_path / "jobs" / "one" / "result").glob("weights-*-of-00002.*"))) == 2
    assert far(one.weights, two.weights) < 1e-5

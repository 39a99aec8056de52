"""Memory that is asked for again and again is cleared by the system once."""

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys, torch
if "keep" in sys.argv:
    from rlsd_pipeline.models.allocator import keep_freed_memory
    keep_freed_memory()
for turn in range(20):
    if turn == 10:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    block = torch.ones(16, 2**20)
    del block
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(*arguments: str) -> int:
    command = [sys.executable, "-c", SCRIPT, *arguments]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_freed_memory_is_kept_for_the_next_step() -> None:
    # Ten blocks of 64 MB after ten others.
    assert faults("keep") < faults() / 10

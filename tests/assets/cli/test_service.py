"""A service of `rlsd ui` and the process that started it."""

import subprocess
import sys
import time
from pathlib import Path

from rlsd_pipeline.home import ROOT


def test_a_service_ends_with_what_started_it(tmp_path: Path) -> None:
    """Otherwise a UI that is killed would leave its daemon."""
    began = f"""
import os
from functools import partial
from pathlib import Path

from assets.cli.parts import Parts
from assets.cli.service import DAEMON, run

parts = Parts({{DAEMON: partial(run, DAEMON, Path({str(tmp_path / "none")!r}), [])}})
parts.begin(DAEMON)
print(parts._running[DAEMON][0].pid, flush=True)
os._exit(0)
"""
    with (tmp_path / "said").open("w+") as said:
        subprocess.run([sys.executable, "-c", began], cwd=ROOT, stdout=said, check=True)
        said.seek(0)
        pid = int(said.read())
    ends = time.monotonic() + 300
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < ends
        time.sleep(0.2)

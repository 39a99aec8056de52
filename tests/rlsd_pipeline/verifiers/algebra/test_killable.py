import contextlib
import gc
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rlsd_pipeline.verifiers.algebra import killable
from rlsd_pipeline.verifiers.algebra.killable import KillableProcess, Replies
from rlsd_pipeline.verifiers.math import MathVerifier
from schemas.problem import Problem
from schemas.reward import Verdict

pytestmark = pytest.mark.slow

FILE = Path(killable.__file__).with_name("worker.py")
EQUAL = [{"gold_parsed": True}, {"outcome": "equal", "detail": None}]


def worker(*, requests_per_child: int = 1000) -> KillableProcess:
    return KillableProcess(FILE, ["1024", "1.0", "1000000"], requests_per_child=requests_per_child)


def ask(process: KillableProcess, answer: str, *, timeout_seconds: float = 10) -> Replies:
    message = {"gold": "x+1", "answer": answer, "float_rounding": 6}
    return process.request(message, replies=2, timeout_seconds=timeout_seconds)


def is_alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_child_starts_late_and_ends_with_its_owner() -> None:
    process = worker()
    assert process.pid is None
    assert ask(process, "1+x") == Replies(EQUAL, None)
    pid = process.pid
    assert pid is not None
    assert is_alive(pid)
    del process
    gc.collect()
    assert not is_alive(pid)


def test_child_is_replaced_after_its_share_of_requests() -> None:
    process = worker(requests_per_child=2)
    ask(process, "1+x")
    first = process.pid
    ask(process, "1+x")
    assert process.pid is None
    assert ask(process, "1+x") == Replies(EQUAL, None)
    assert process.pid not in (None, first)
    process.close()


def test_killed_in_the_middle_of_a_request_the_next_one_works() -> None:
    process = worker()
    ask(process, "1+x")
    pid = process.pid
    assert pid is not None
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(ask, process, "9^{9^{9^9}}")
        time.sleep(0.3)
        os.kill(pid, signal.SIGKILL)
        assert pending.result() == Replies([{"gold_parsed": True}], "worker died")
    assert ask(process, "1+x") == Replies(EQUAL, None)
    process.close()


def test_killed_between_requests_nobody_notices() -> None:
    process = worker()
    ask(process, "1+x")
    pid = process.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.1)
    assert ask(process, "1+x") == Replies(EQUAL, None)
    process.close()


def test_timeout_kills_the_child() -> None:
    process = worker()
    ask(process, "1+x")
    pid = process.pid
    assert pid is not None
    slow = ask(process, "9^{9^{9^9}}", timeout_seconds=0.2)
    assert slow == Replies([{"gold_parsed": True}], "timeout")
    assert not is_alive(pid)


def spare_of(process: KillableProcess) -> int | None:
    """Process id of the child that is kept ready, if there is one."""
    return process._spare.process.pid if process._spare else None


def test_after_a_kill_a_spare_child_is_kept_ready_and_ends_with_its_owner() -> None:
    process = worker()
    ask(process, "1+x")
    ask(process, "9^{9^{9^9}}", timeout_seconds=0.2)
    assert process.pid is None
    assert ask(process, "1+x") == Replies(EQUAL, None)
    # Long enough for the spare to start, which its owner does not wait for.
    time.sleep(3)
    ask(process, "9^{9^{9^9}}", timeout_seconds=0.2)
    spare = spare_of(process)
    assert ask(process, "1+x") == Replies(EQUAL, None)
    assert process.pid == spare
    children = {process.pid, spare_of(process)}
    assert None not in children
    del process
    gc.collect()
    assert not any(is_alive(pid) for pid in children if pid)


def test_spare_that_died_is_not_used() -> None:
    process = worker()
    ask(process, "1+x")
    ask(process, "9^{9^{9^9}}", timeout_seconds=0.2)
    spare = spare_of(process)
    assert spare is not None
    os.kill(spare, signal.SIGKILL)
    time.sleep(0.1)
    assert ask(process, "1+x") == Replies(EQUAL, None)
    process.close()
    assert process.pid is spare_of(process) is None


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="shows limits on Linux only")
def test_child_has_limits_on_memory_and_processor_time() -> None:
    process = worker()
    ask(process, "1+x")
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    process.close()
    assert re.search(rf"Max address space +{1024 << 20} ", limits)
    assert re.search(r"Max cpu time +[2-9] ", limits)


def test_child_that_cannot_start() -> None:
    process = KillableProcess(FILE.with_name("no_such_file.py"), [], requests_per_child=1)
    with pytest.raises(RuntimeError, match="cannot start"):
        process.request({}, replies=1, timeout_seconds=1)


def test_threads_share_one_child(
    mathematics: MathVerifier, problem: Callable[..., Problem]
) -> None:
    def compare(number: int) -> Verdict:
        return mathematics.compare(f"x+{number % 3}", problem("1+x"))[0]

    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(compare, range(60)))
    right, wrong = Verdict.CORRECT, Verdict.INCORRECT
    assert verdicts == [right if number % 3 == 1 else wrong for number in range(60)]


def test_fork_while_a_request_is_running(problem: Callable[..., Problem]) -> None:
    comparison = MathVerifier(timeout_seconds=1)
    comparison.compare("1+x", problem("x+1"))
    busy = threading.Thread(target=comparison.compare, args=("9^{9^{9^9}}", problem("x+1")))
    busy.start()
    time.sleep(0.2)
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(
        target=lambda: there.send(comparison.compare("1+x", problem("x+1"))[0].value)
    )
    child.start()
    busy.join()
    assert here.poll(20)
    assert here.recv() == "correct"
    child.join()
    assert comparison.compare("1+x", problem("x+1"))[0] is Verdict.CORRECT
    comparison.close()


ORPHAN = """
from pathlib import Path
from rlsd_pipeline.verifiers.algebra import killable
process = killable.KillableProcess(Path(killable.__file__).with_name("worker.py"), ["1024", "0.5"],
                                   requests_per_child=9)
message = {"gold": "5", "answer": "5", "float_rounding": 6}
process.request(message, replies=2, timeout_seconds=9)
print("ready", flush=True)
message["answer"] = "9^{9^{9^9}}"
process.request(message, replies=2, timeout_seconds=60)
"""


def test_busy_child_of_a_killed_parent_ends_by_itself() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", ORPHAN], stdout=pipe, stderr=pipe, env=environment
    ) as parent:
        assert parent.stdout
        parent.stdout.readline()
        time.sleep(0.3)
        parent.kill()
        # The child has inherited standard error: it closes when the child is gone.
        parent.communicate(timeout=20)

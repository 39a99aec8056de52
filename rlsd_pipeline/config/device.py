"""Where a policy is."""

from typing import Literal

Device = Literal["auto", "cuda", "cpu"]
"""`auto` is CUDA where torch finds one."""

"""The device of a policy."""

from typing import Literal

Device = Literal["auto", "cuda", "cpu"]
"""`auto` is CUDA where torch finds one."""

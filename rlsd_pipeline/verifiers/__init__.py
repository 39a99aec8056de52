"""Deciding whether a response is right: one verifier serves the reward and the benchmarks."""

"""The declared verifier: a built-in one, or a class of a user's own."""

from rlsd_pipeline.verifiers import VerifierConfig

__all__ = ["VerifierConfig"]

"""The verifier that an experiment declares, where programs outside this repository import it."""

from rlsd_pipeline.verifiers import VerifierConfig

__all__ = ["VerifierConfig"]

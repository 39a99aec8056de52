"""The errors that a user can cause; each is also a standard exception.

Every message says what is wrong, what was found and what to do.
"""


class RlsdError(Exception):
    """Base of every error this library raises on purpose."""


class ConfigError(RlsdError, ValueError):
    """The declared experiment cannot be run as written."""


class ComponentError(RlsdError, RuntimeError):
    """A component of a user's own failed; the message names its file and line."""


class DataError(RlsdError, ValueError):
    """A row, an image or a file of a data set is not what it must be."""


class ModelError(RlsdError, ValueError):
    """A model, its tokenizer or its processor lacks what the pipeline needs."""


class ArtifactError(RlsdError, RuntimeError):
    """An artifact is missing, damaged or not the one that was asked for."""


class DamagedError(ArtifactError):
    """A file of the store differs from what was written.

    Attributes:
        fault: What is wrong with it, without the place and the way out.
    """

    def __init__(self, message: str, fault: str = "") -> None:
        super().__init__(message)
        self.fault = fault or message


class VersionError(ArtifactError):
    """A file of the store was written by another version, which this one does not read."""


class CollectedError(ArtifactError):
    """A file was deleted on purpose, to save room; what made it can make it again.

    Attributes:
        stage: The stage of its artifact.
        fingerprint: The fingerprint of its artifact.
    """

    def __init__(self, message: str, stage: str = "", fingerprint: str = "") -> None:
        super().__init__(message)
        self.stage, self.fingerprint = stage, fingerprint


class AlignmentError(ArtifactError):
    """Two tables, or two columns of one, disagree about the same tokens."""


class EngineError(RlsdError, RuntimeError):
    """An engine died, is not reached, or does not say what the pipeline needs to know."""


class TrainingError(RlsdError, ArithmeticError):
    """An update would have destroyed the policy, and was not made."""


class ComputeError(RlsdError, RuntimeError):
    """A process that was started for the heavy work failed, or cannot be started."""

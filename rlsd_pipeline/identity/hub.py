"""The commit behind a name of the Hugging Face hub."""

import re
from functools import cache
from pathlib import Path
from typing import Literal

from rlsd_pipeline.errors import ConfigError

COMMIT = re.compile(r"[0-9a-f]{40}")

_SECONDS = 20.0


def hub_commit(name: str, revision: str | None, kind: Literal["model", "dataset"]) -> str:
    """The commit that a branch or tag of a hub id now is; asked for once in a process.

    The hub knows best. Where it is not reached, its answer of an earlier download counts.

    Args:
        name: The hub id.
        revision: A commit, branch or tag; None is `main`.
        kind: What the id names.

    Raises:
        ConfigError: There is no such id or revision, it can be found nowhere, or a local folder
            of that name would be read in its place.
    """
    if Path(name).exists():
        raise ConfigError(
            f"the {kind} {name} is a hub id here, and a folder of that name lies in the working "
            f"directory {Path.cwd()}, which would be read instead: write `./{name}` for a folder "
            "beside the YAML, or call from another directory"
        )
    if revision is not None and COMMIT.fullmatch(revision):
        return revision
    return _asked(name, revision or "main", kind)


@cache
def _asked(name: str, revision: str, kind: Literal["model", "dataset"]) -> str:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        commit = HfApi().repo_info(name, repo_type=kind, revision=revision, timeout=_SECONDS).sha
    except HFValidationError as error:
        raise ConfigError(
            f"the {kind} {name!r} is neither a folder beside the YAML nor a hub id: {error}"
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise ConfigError(
            f"the hub has no {kind} {name} with a revision {revision}, or does not show it to "
            f"you: correct the name, or log in (`hf auth login`). It says: {_first(error)}"
        ) from error
    except Exception as error:  # What is raised without a network differs between its versions.
        commit = _downloaded(name, revision, kind)
        if commit is None:
            raise ConfigError(
                f"the commit of the {kind} {name} at {revision} is not known: the hub is not "
                f"reached ({_first(error)}), and nothing of it was downloaded before. Connect, "
                "or declare a local folder"
            ) from error
    assert commit is not None
    return str(commit)


def _downloaded(name: str, revision: str, kind: str) -> str | None:
    """The commit that the hub named at the last download."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    folder = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=name, repo_type=kind)
    try:
        commit = (folder / "refs" / revision).read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return commit if COMMIT.fullmatch(commit) else None


def _first(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__

"""New weights for a server that runs elsewhere and sees one of our folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from rlsd_pipeline.config.strict import StrictConfig
from rlsd_pipeline.endpoint import Endpoint, EndpointError
from rlsd_pipeline.errors import EngineError

if TYPE_CHECKING:
    from rlsd_pipeline.models.policy import Policy


class FixedWeights(StrictConfig):
    """The server keeps the weights it was started with.

    This is enough to evaluate, and to sample from a policy that never changes.
    """

    type: Literal["fixed"] = "fixed"


class ReloadedWeights(StrictConfig):
    """Each new policy is written to a folder, and the server loads it from there."""

    type: Literal["reloaded"] = "reloaded"

    folder: Annotated[str, Field(min_length=1)]
    """The folder; this process and the server must see it under the same path."""

    server: Literal["vllm", "sglang"] = "vllm"
    """Kind of server, which decides the reload request. A vLLM server must run with
    `VLLM_SERVER_DEV_MODE=1`, which gives its clients this and further rights: bind it to an
    address that only you reach."""


WeightsConfig = Annotated[FixedWeights | ReloadedWeights, Field(discriminator="type")]


def serve(endpoint: Endpoint, base_url: str, weights: ReloadedWeights, policy: Policy) -> None:
    """Write a policy to the declared folder and have the server load it from there.

    Raises:
        EngineError: The folder cannot be written, or the server does not load it.
    """
    folder = Path(weights.folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        policy.save(folder)
    except OSError as error:
        raise EngineError(f"engine.weights.folder {folder} cannot be written: {error}") from error
    root = base_url.removesuffix("/v1")
    if weights.server == "sglang":
        # It drops its prefix cache with the old weights.
        _tell(endpoint, f"{root}/update_weights_from_disk", {"model_path": str(folder)}, weights)
        return
    rpc = {"method": "reload_weights", "kwargs": {"weights_path": str(folder)}}
    _tell(endpoint, f"{root}/collective_rpc", rpc, weights)
    _tell(endpoint, f"{root}/reset_prefix_cache", {}, weights)


def _tell(endpoint: Endpoint, url: str, body: dict[str, Any], weights: ReloadedWeights) -> None:
    try:
        received = endpoint.post(url, body)
    except EndpointError as error:
        how = "; start vLLM with VLLM_SERVER_DEV_MODE=1" if weights.server == "vllm" else ""
        raise EngineError(
            f"the engine's server does not take new weights at {url} ({error}){how}, and see that "
            f"it sees the folder {weights.folder} as this process does: {error.detail}"
        ) from error
    try:
        refused = json.loads(received or b"{}").get("success") is False
    except (ValueError, AttributeError):
        refused = False
    if refused:
        raise EngineError(f"the engine's server did not do {url}: {received[:300]!r}")

"""The reasons in words why a stage was computed or reused, and which stages are behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest
from rlsd_pipeline.errors import RlsdError
from rlsd_pipeline.stages.upkeep.settings import (
    Setting,
    declared_differences,
    differences,
    differing,
    settings_text,
)
from schemas.manifest import Manifest

if TYPE_CHECKING:
    from rlsd_pipeline.stages.upkeep.kept import Kept
    from rlsd_pipeline.stages.workspace import StageRun


def reason(run: StageRun, former: Artifact | None, request: ArtifactRequest, made: Artifact) -> str:
    """Why a stage was computed or reused.

    Args:
        run: Where.
        former: What was here before; None where nothing was.
        request: What was asked for.
        made: What is here now.
    """
    does = "reused" if made.cache_hit else "computed"
    if former is None:
        held = "the store held what is asked for, made elsewhere or before"
        return f"{does}: {held if made.cache_hit else 'there was none here'}"
    if former.fingerprint == request.fingerprint:
        if made.cache_hit:
            return f"{does}: nothing it is made from has changed"
        other = f"{made.replaced[:12]} → {made.digest[:12]}" if made.replaced else "the same result"
        return f"{does}: asked for, though nothing it is made from has changed; {other}"
    changed = settings_text(differences_here(run, former.manifest, request), most=None)
    again = ", which the store held" if made.cache_hit else ""
    return f"{does}: {changed}{again}"


def differences_here(
    run: StageRun, before: Manifest, now: ArtifactRequest | Manifest
) -> list[Setting]:
    """Each field in which an artifact and a request differ.

    In brackets: whether an input was drawn again, or declared differently.
    """
    inputs = set(differing(before.inputs, now.inputs))
    return [
        _with_cause(run, setting, before) if setting in inputs else setting
        for setting in differences(before, now)
    ]


def behind(place: Kept) -> dict[str, list[Setting]]:
    """Stages of an iteration that are not what would be made now, in order, and what differs.

    One that only reads such a stage differs in nothing of its own.
    """
    from rlsd_pipeline.stages.registry import iteration_of

    found: dict[str, list[Setting]] = {}
    for kind in iteration_of(place.arm):
        stage, here = place.stage(kind), place.kept(kind.name)
        if here is None:
            continue
        try:
            changed = differences_here(place, here.manifest, stage.request(place))
        except RlsdError as error:
            changed = [Setting(stage.name, "made then", str(error).splitlines()[0])]
        if changed or not found.keys().isdisjoint(here.manifest.inputs):
            found[stage.name] = changed
    return found


def _with_cause(run: StageRun, setting: Setting, before: Manifest) -> Setting:
    """A changed input, with the known reason of its change."""
    name, store = run.reference(setting.name), run.workspace.store
    try:
        now = store.ref(name)
        read = before.inputs.get(setting.name)
        former = next((each for each in store.former(name) if each.digest == read), None)
    except RlsdError:
        return setting
    if now is None or former is None:
        return setting
    causes = [*declared_differences(former.manifest, now.manifest), *_draw(former, now)]
    return setting._replace(now=f"{setting.now} ({settings_text(causes)})") if causes else setting


def _draw(former: Artifact, now: Artifact) -> list[Setting]:
    before, after = (each.manifest.seeds.get("draw") for each in (former, now))
    return [] if before == after else [Setting("draw", str(before), str(after))]

"""Infers the artifact of a lost reference from the other references of its arm and iteration."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rlsd_pipeline.artifacts.inventory import StoredArtifact

_CHECKPOINT = "policy_checkpoint"
_STAGES = {
    "policy": {"policy", _CHECKPOINT},
    "teacher": {"policy", _CHECKPOINT, "teacher"},
}
"""Stages that may have made what a name of this last part means; any other only its own."""


@dataclass
class Lineage:
    """Sound artifacts, and the names that lead to them.

    Attributes:
        artifacts: By folder.
        refs: Folder of each name that leads to one of them.
    """

    artifacts: dict[str, StoredArtifact]
    refs: dict[str, str]
    _by_digest: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self._by_digest = {}
        for folder, artifact in self.artifacts.items():
            self._by_digest.setdefault(artifact.manifest.digest, []).append(folder)

    def contradiction(self, name: str) -> str | None:
        """Why a name cannot mean what its reference says; None where nothing speaks against it."""
        place, last = _split(name)
        manifest = self.artifacts[self.refs[name]].manifest
        if manifest.stage not in _STAGES.get(last, {last}):
            return f"it names an artifact of {manifest.stage}"
        iteration = _iteration(place)
        if last in ("rollouts", _CHECKPOINT) and iteration is not None:
            made_at = manifest.seeds.get("iteration", iteration)
            if made_at != iteration and "what_if" not in place:
                return f"it names an artifact of iteration {made_at:03d}"
        near = self._before(name) or self._after(name)
        if near is None or near == self.refs[name]:
            return None
        # Of a policy and the checkpoint that it must be, the checkpoint is believed, unless only
        # the policy was made from the checkpoint at its place.
        named = self.refs[name]
        checkpoint, policy = (near, named) if last == "policy" else (named, near)
        origin = place if last == _CHECKPOINT else _at(place, (iteration or 0) - 1)
        policy_is_right = self._fits(policy, origin) and not self._fits(checkpoint, origin)
        if policy_is_right == (last == "policy"):
            return None
        return "the policy and the checkpoint before it are not the same"

    def meaning(self, name: str) -> str | None:
        """Folder of the artifact that a name must lead to; None if it cannot be inferred."""
        place, last = _split(name)
        near = self._before(name) or self._after(name)
        if near is not None:
            return near
        stages = _STAGES.get(last, {last})
        candidates = [
            folder
            for reader in self._at(place)
            if (digest := self.artifacts[reader].manifest.inputs.get(last)) is not None
            for folder in self._by_digest.get(digest, [])
            if self.artifacts[folder].manifest.stage in stages
        ]
        if not candidates:
            candidates = self._of_policy(place, last)
            if len(candidates) > 1:
                return None
        # Artifacts of several experiments may be equal in content, and be made from others. A
        # policy is the checkpoint of the iteration before, and a teacher may be of any.
        fitting = [folder for folder in candidates if self._fits(folder, place)]
        others = candidates if last in _STAGES else []
        return next(iter(fitting or others), None)

    def _before(self, name: str) -> str | None:
        """The checkpoint that a policy is."""
        place, last = _split(name)
        iteration = _iteration(place)
        if last != "policy" or not iteration or "what_if" in place:
            return None
        return self.refs.get(f"{_at(place, iteration - 1)}/{_CHECKPOINT}")

    def _after(self, name: str) -> str | None:
        """The policy that a checkpoint is."""
        place, last = _split(name)
        iteration = _iteration(place)
        if last != _CHECKPOINT or iteration is None or "what_if" in place:
            return None
        return self.refs.get(f"{_at(place, iteration + 1)}/policy")

    def _at(self, place: str) -> Iterator[str]:
        """Folders of the artifacts to which the references at or below a place lead."""
        for other, folder in self.refs.items():
            at = _split(other)[0]
            if at == place or ("/" not in place and at.startswith(f"{place}/")):
                yield folder

    def _of_policy(self, place: str, last: str) -> list[str]:
        """Artifacts of a stage that read the policy of a place."""
        policy = self.refs.get(f"{place}/policy")
        if policy is None:
            return []
        digest = self.artifacts[policy].manifest.digest
        return [
            folder
            for folder, artifact in self.artifacts.items()
            if artifact.manifest.stage == last and artifact.manifest.inputs.get("policy") == digest
        ]

    def _fits(self, folder: str, place: str) -> bool:
        """Whether an artifact was made from what the names of a place lead to."""
        for role, digest in self.artifacts[folder].manifest.inputs.items():
            named = self.refs.get(f"{place}/{role}")
            if named is not None and self.artifacts[named].manifest.digest != digest:
                return False
        return True


def _split(name: str) -> tuple[str, str]:
    place, _, last = name.rpartition("/")
    return place, last


def _iteration(place: str) -> int | None:
    """The iteration in a name such as `experiment/arm/007` or below it; None without one."""
    parts = place.split("/")
    return int(parts[2]) if len(parts) > 2 and parts[2].isdigit() else None


def _at(place: str, iteration: int) -> str:
    experiment, arm, _ = place.split("/")
    return f"{experiment}/{arm}/{iteration:03d}"

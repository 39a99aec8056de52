"""A store that recomputes collected artifacts, to the same bytes or not at all."""

from collections.abc import Callable

from rlsd_pipeline.artifacts.artifact import Artifact, artifact_folder
from rlsd_pipeline.artifacts.fingerprint import file_sha256
from rlsd_pipeline.artifacts.store import ArtifactRequest, ArtifactStore
from rlsd_pipeline.artifacts.writer import COLLECTED, ArtifactWriter
from rlsd_pipeline.errors import ArtifactError


class RestoringStore(ArtifactStore):
    """A store that gives an artifact back its deleted files; in all else the store it is given."""

    def __init__(self, store: ArtifactStore):
        self._storage = store.storage

    def produce(
        self,
        request: ArtifactRequest,
        write: Callable[[ArtifactWriter], object],
        *,
        recompute: bool = False,
    ) -> Artifact:
        """See `ArtifactStore`; an artifact that lacks files is computed again for them.

        Raises:
            ArtifactError: The computation gives other bytes here; nothing is changed.
        """
        found = self.find(request.stage, request.fingerprint)
        if found is None or not found.collected:
            return super().produce(request, write, recompute=recompute)
        with self.storage.staging() as directory:
            writer = ArtifactWriter(directory)
            write(writer)
            self._give_back(found, writer)
        whole = self.find(request.stage, request.fingerprint)
        assert whole is not None
        writer.kept(whole.digest)
        return whole

    def _give_back(self, artifact: Artifact, writer: ArtifactWriter) -> None:
        folder = artifact_folder(artifact.stage, artifact.fingerprint)
        made = {staged.name: (staged, file_sha256(staged)) for staged in writer.files()}
        for name, entry in artifact.manifest.files.items():
            _, sha256 = made.get(name, (None, "no file"))
            if sha256 != entry.sha256:
                libraries = ", ".join(f"{k} {v}" for k, v in artifact.manifest.libraries.items())
                raise ArtifactError(
                    f"{name} of {artifact.stage} {artifact.digest[:12]} cannot be restored: it was "
                    f"{entry.sha256} and is {sha256} when computed here; it was made with "
                    f"{libraries}, and perhaps on other hardware"
                )
        for name in artifact.collected:
            staged, sha256 = made[name]
            self.storage.publish(staged, f"{folder}/{artifact.manifest.files[name].path}", sha256)
        self.storage.remove([f"{folder}/{COLLECTED}"])

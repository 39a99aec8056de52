"""Work in shards on the workers of a Ray cluster; a dead worker costs only its shard."""

import logging
import tempfile
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Generic

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.compute.compute import Advance, Piece, Result, Work
from rlsd_pipeline.compute.ray_worker import PolicyName
from rlsd_pipeline.compute.ray_worker_pool import Ref, WorkerPool
from rlsd_pipeline.compute.update import Updating
from rlsd_pipeline.config.precision import Precision
from rlsd_pipeline.errors import ComputeError
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.models.skeleton import load_skeleton
from rlsd_pipeline.models.weights import other_files
from schemas import PolicyCheckpoint

_LOG = logging.getLogger(__name__)

_READERS = 2
"""A student and its teacher."""


class RayWork:
    """One piece a shard, each to the next free worker.

    Args:
        crew: Runs the pieces.
        update: See `Compute`.
        max_retries: How often one piece may take its worker down.

    Attributes:
        crew: The workers.
        update: As above.
        recomputed: Pieces computed again since a worker died.
    """

    def __init__(self, crew: WorkerPool, update: Updating, max_retries: int) -> None:
        self.crew, self.update = crew, update
        self._max_retries, self.recomputed = max_retries, 0
        self._readers: OrderedDict[str, Policy] = OrderedDict()

    def reader(self, policy: Artifact) -> Policy:
        """See `Compute`; no weights come to this process, which computes nothing with them."""
        if policy.digest not in self._readers:
            described = other_files(policy.record(PolicyCheckpoint).model_files)
            with tempfile.TemporaryDirectory(prefix="rlsd-reader-") as folder:
                skeleton = load_skeleton(policy.checkout(Path(folder), described))
            self._readers[policy.digest] = skeleton
        self._readers.move_to_end(policy.digest)
        while len(self._readers) > _READERS:
            self._readers.popitem(last=False)
        return self._readers[policy.digest]

    def forget(self) -> None:
        """See `Compute`."""
        self.crew.forget()

    def each(
        self,
        policy: Artifact,
        work: Work[Piece, Result],
        pieces: Sequence[Piece],
        advance: Advance,
        precision: Precision | None = None,
    ) -> Iterator[Result]:
        """See `Compute`; progress is reported once a piece is complete.

        Raises:
            ComputeError: One piece has taken too many workers down.
        """
        if not pieces:
            return
        self.crew.muster(len(pieces))
        name = PolicyName(policy.stage, policy.fingerprint, policy.digest, precision)
        shards = _Shards(self.crew, name, work, pieces)
        for place in range(len(pieces)):
            while place not in shards.done:
                for units in shards.step():
                    advance(units)
                self.recomputed += self._count(shards)
            yield shards.done.pop(place)

    def _count(self, shards: "_Shards[Any, Any]") -> int:
        lost, shards.lost = shards.lost, []
        for place, error in lost:
            times = shards.deaths[place]
            if times > self._max_retries:
                raise ComputeError(
                    f"piece {place + 1} of {len(shards.pieces)} has taken {times} workers down, "
                    f"the last one so: {error}. Most often memory is short: lower "
                    "engine.batch_prompts or update.micro_batch_tokens, or give a worker more"
                ) from error
            _LOG.warning(
                "a worker died with piece %d of %d, which is computed again (%d of %d): %s",
                place + 1,
                len(shards.pieces),
                times,
                self._max_retries,
                error,
            )
        return len(lost)


class _Shards(Generic[Piece, Result]):
    """The pieces of one call on their way.

    Attributes:
        done: Results nobody has taken yet, by place.
        deaths: How many workers each piece has taken down.
        lost: Pieces whose workers have just died, and how.
    """

    def __init__(
        self, crew: WorkerPool, name: PolicyName, work: Work[Piece, Result], pieces: Sequence[Piece]
    ) -> None:
        self.pieces = pieces
        self.done: dict[int, Result] = {}
        self.deaths: Counter[int] = Counter()
        self.lost: list[tuple[int, Exception]] = []
        self._crew = crew
        self._name = name
        self._work = crew.ray.put(work)
        self._waiting = deque(range(len(pieces)))
        self._running: dict[Ref, int] = {}

    def step(self) -> list[int]:
        """Send what can be sent and take in what is done; units of each piece that is."""
        while self._waiting and (worker := self._crew.take()) is not None:
            place = self._waiting.popleft()
            ref = self._crew.send(worker, self._name, self._work, self.pieces[place])
            self._running[ref] = place
        return [units for ref in self._crew.wait() if (units := self._take(ref)) is not None]

    def _take(self, ref: Ref) -> int | None:
        from ray.exceptions import RayError, RayTaskError

        place = self._running.pop(ref, None)
        try:
            done = self._crew.ray.get(ref)
        except RayTaskError as error:
            self._crew.free(ref)
            if place is None:
                return None
            raise _as_it_was(error) from None
        except RayError as error:
            self._crew.replace(ref)
            self._lose(place, error)
            return None
        self._crew.free(ref)
        if place is None:
            return None
        self.done[place] = done.result
        return done.units

    def _lose(self, place: int | None, error: Exception) -> None:
        # A worker that dies before its first piece counts with the piece that comes first.
        if place is None:
            place = self._waiting[0] if self._waiting else None
        else:
            self._waiting.appendleft(place)
        if place is not None:
            self.deaths[place] += 1
            self.lost.append((place, error))


def _as_it_was(error: Any) -> BaseException:
    """The error of the work itself, with the traceback it had where it was raised."""
    cause = error.cause
    cause.add_note(f"on a worker of the Ray cluster:\n{error}")
    return cause

"""Branches of prefix trees: where responses of a group part, and what the mean reward changes by.

Responses that begin alike are a bundle. All of a bundle are compared with its longest response, and
each leaves it at one stop: where it says something else, or ends. So one comparison finds all stops
on the way of the longest. Those that leave together with the same token are a bundle of the next
turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_FIRST, _MOST = 8, 64
"""Tokens of two responses that are compared together, at first and at most."""

_ROWS = 1024
"""Pairs of responses that are compared together: their tokens stay in the processor's cache."""


class Changes(NamedTuple):
    """The changes of V at some tokens.

    Attributes:
        going: Index of each token's response; `[tokens]`.
        places: Index of each in the table; `[tokens]`.
        values: V after it less V before it, nan if one of them is not known; float64, `[tokens]`.
    """

    going: NDArray
    places: NDArray
    values: NDArray


class _Bundles(NamedTuple):
    """Responses that begin alike, bundle after bundle, the longest of each first.

    Attributes:
        going: Indices of the responses; `[going]`.
        places: Next token of each among all tokens; `[going]`.
        starts: Where each bundle starts among them; `[bundles]`.
    """

    going: NDArray
    places: NDArray
    starts: NDArray

    @property
    def sizes(self) -> NDArray:
        """Responses of each bundle; `[bundles]`."""
        return np.diff(self.starts, append=len(self.going))


def changes_at_branches(
    token_ids: NDArray, lengths: NDArray, rewards: NDArray, groups: NDArray
) -> Iterator[Changes]:
    """Yields the changes of V, the mean known reward of the group's responses that begin alike.

    They lie at the tokens at which responses of a group part. No token comes twice, and elsewhere V
    does not change.

    Args:
        token_ids: `[tokens]`.
        lengths: Tokens of each response; `[responses]`.
        rewards: Reward of each response, nan where it is not known; float64, `[responses]`.
        groups: Index of each response's group; `[responses]`.
    """
    ends = lengths.cumsum()
    bundles = _bundled(np.arange(len(lengths)), ends - lengths, groups, ends)
    while len(bundles.going):
        shared = _shared_with_longest(token_ids, bundles, ends)
        found, bundles = _parted(token_ids, bundles, shared, ends, rewards)
        yield from found


def _bundled(going: NDArray, places: NDArray, ways: NDArray, ends: NDArray) -> _Bundles:
    """The bundles of two or more responses.

    Args:
        going: Indices of some responses.
        places: Next token of each.
        ways: Equal for those of one bundle, not negative.
        ends: Where each response ends; `[responses]`.
    """
    left = ends[going] - places
    most = int(left.max(initial=0))
    order = np.argsort(ways * (most + 1) + (most - left), kind="stable")
    _, sizes = _runs(ways[order])
    several = sizes > 1
    order, sizes = order[np.repeat(several, sizes)], sizes[several]
    return _Bundles(going[order], places[order], sizes.cumsum() - sizes)


def _runs(values: NDArray) -> tuple[NDArray, NDArray]:
    """Where each run of equal values starts, and how long it is."""
    starts = np.flatnonzero(np.diff(values, prepend=values[:1] - 1))
    return starts, np.diff(starts, append=len(values))


def _shared_with_longest(token_ids: NDArray, bundles: _Bundles, ends: NDArray) -> NDArray:
    """How many next tokens each shares with the longest of its bundle; `[going]`."""
    left = ends[bundles.going] - bundles.places
    shared, longest = left.copy(), np.repeat(bundles.starts, bundles.sizes)
    others = np.flatnonzero(longest != np.arange(len(longest)))
    own, theirs, rest = bundles.places[others], bundles.places[longest[others]], left[others]
    # A place behind the last token is looked at by none, and is there to be read.
    padded = np.concatenate([token_ids, np.zeros(_MOST, token_ids.dtype)])
    size, done = _FIRST, 0
    while len(others):
        windows = np.lib.stride_tricks.sliding_window_view(padded, size)
        alike = np.empty(len(others), np.int64)
        for start in range(0, len(others), _ROWS):
            part = slice(start, start + _ROWS)
            differ = windows[own[part]] != windows[theirs[part]]
            first = differ.argmax(1)
            alike[part] = np.where(differ[np.arange(len(first)), first], first, size)
        parts = np.minimum(alike, rest)
        going = (alike == size) & (rest > size)
        over = ~going
        shared[others[over]] = done + parts[over]
        others, own, theirs = others[going], own[going] + size, theirs[going] + size
        rest, done, size = rest[going] - size, done + size, _MOST
    return shared


def _parted(
    token_ids: NDArray, bundles: _Bundles, shared: NDArray, ends: NDArray, rewards: NDArray
) -> tuple[list[Changes], _Bundles]:
    """The changes at the branches on the way of each bundle's longest, and the next bundles."""
    owner = np.repeat(np.arange(len(bundles.starts)), bundles.sizes)
    key = owner * (int(shared.max()) + 1) + shared
    order = np.argsort(key, kind="stable")
    going, places, shared = bundles.going[order], bundles.places[order], shared[order]
    starts, sizes = _runs(key[order])
    # The longest has the final stop of its bundle, its own end.
    final = _final_stops(owner[starts])
    known = ~np.isnan(rewards[going])
    own = np.where(known, rewards[going], 0.0)
    means = _means_from_here(_totals(own, starts), _totals(known, starts), final)
    found = [_of_those_that_stay(going, places, shared, starts, final, means)]
    leaving = np.flatnonzero(places + shared < ends[going])
    if not len(leaving):
        return found, _Bundles(going[:0], places[:0], starts[:0])
    stops = np.repeat(np.arange(len(starts)), sizes)[leaving]
    said = places[leaving] + shared[leaving]
    ways = stops * (int(token_ids[said].max()) + 1) + token_ids[said]
    order = np.argsort(ways, kind="stable")
    leaving, said, stops = leaving[order], said[order], stops[order]
    begins, counts = _runs(ways[order])
    with np.errstate(invalid="ignore"):
        theirs = _totals(own[leaving], begins) / _totals(known[leaving], begins)
    found.append(Changes(going[leaving], said, np.repeat(theirs, counts) - means[stops]))
    numbers = np.repeat(np.arange(len(begins)), counts)
    return found, _bundled(going[leaving], said + 1, numbers, ends)


def _totals(values: NDArray, starts: NDArray) -> NDArray:
    """Sum of each run; float64, `[runs]`."""
    return np.add.reduceat(values, starts, dtype=np.float64)


def _final_stops(owners: NDArray) -> NDArray:
    """The last stop of each stop's bundle; `[stops]`."""
    starts, sizes = _runs(owners)
    return np.repeat(starts + sizes - 1, sizes)


def _means_from_here(sums: NDArray, counts: NDArray, final: NDArray) -> NDArray:
    """Mean over each stop and those of its bundle behind it; nan of none; `[stops]`.

    Args:
        sums: Of the rewards at each stop; `[stops]`.
        counts: How many they are; `[stops]`.
        final: The last stop of each stop's bundle; `[stops]`.
    """
    behind = final - np.arange(len(final))
    by_rank = np.argsort(behind, kind="stable")
    bounds = np.bincount(behind).cumsum()
    # From the ends on, one stop of every bundle at a time: no sum has the rounding of another's.
    for start, stop in pairwise(bounds):
        at = by_rank[start:stop]
        sums[at] += sums[at + 1]
        counts[at] += counts[at + 1]
    with np.errstate(invalid="ignore"):
        found: NDArray = sums / counts
    return found


def _of_those_that_stay(
    going: NDArray,
    places: NDArray,
    shared: NDArray,
    starts: NDArray,
    final: NDArray,
    means: NDArray,
) -> Changes:
    """The change at each stop for all that go on with the longest of the bundle."""
    stops = np.flatnonzero(final != np.arange(len(final)))
    firsts, behind = starts[stops + 1], np.append(starts, len(going))[final[stops] + 1]
    counts = behind - firsts
    which = np.repeat(firsts - (counts.cumsum() - counts), counts) + np.arange(counts.sum())
    at = places[which] + np.repeat(shared[starts[stops]], counts)
    return Changes(going[which], at, np.repeat(means[stops + 1] - means[stops], counts))

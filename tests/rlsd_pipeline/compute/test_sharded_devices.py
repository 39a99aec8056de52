"""Which process runs what, without starting any."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn, zeros

from rlsd_pipeline.compute.sharded_devices import ShardedDevices
from rlsd_pipeline.models.policy import EncodedPrompt
from rlsd_pipeline.update.devices import Responses, Turn


def devices(size: int) -> list[ShardedDevices]:
    """The same update as each of `size` processes sees it."""
    meshes = [
        SimpleNamespace(size=lambda: size, get_local_rank=lambda rank=rank: rank, device_type="cpu")
        for rank in range(size)
    ]
    return [ShardedDevices(nn.Identity(), mesh) for mesh in meshes]  # type: ignore[arg-type]


def responses(groups: list[tuple[int, bool, list[int]]]) -> Responses:
    prompts = [
        EncodedPrompt([1] * length, {"pixel_values": zeros(4, 2)} if sees else {})
        for length, sees, _ in groups
    ]
    return Responses(prompts, [lengths for _, _, lengths in groups])


def calls(table: Responses, turn: Turn) -> tuple[bool, bool]:
    """Whether a process runs the vision tower, and the pass over responses."""
    groups = [part.group for part in turn.parts]
    lengths = [table.lengths[part.group][row] for part in turn.parts for row in part.rows]
    if turn.stand_in is not None:
        groups.append(turn.stand_in.group)
        lengths.append(turn.stand_in.tokens)
    sees = any(table.prompts[group].sees for group in groups)
    return sees, max(lengths) > 1


TABLES = st.lists(
    st.tuples(
        st.integers(1, 9),
        st.booleans(),
        st.lists(st.integers(0, 6), min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=7,
)


@given(TABLES, st.integers(1, 5), st.integers(1, 60))
def test_processes_call_the_same_and_learn_all_once(
    groups: list[tuple[int, bool, list[int]]], size: int, budget: int
) -> None:
    table = responses(groups)
    shares = [each.turns(table, budget) for each in devices(size)]
    learnt = sorted(
        (part.group, row)
        for turns in shares
        for turn in turns
        for part in turn.parts
        for row in part.rows
    )
    assert learnt == [(g, row) for g, (_, _, rows) in enumerate(groups) for row in range(len(rows))]
    assert len({len(turns) for turns in shares}) == 1
    for together in zip(*shares, strict=True):
        assert len({calls(table, turn) for turn in together}) == 1
        assert {turn.tokens for turn in together} == {
            sum(table.tokens(turn.parts) for turn in together)
        }


def test_a_small_table_leaves_nobody_idle() -> None:
    table = responses([(4, False, [6, 6, 6, 6])] * 2)
    for turns in (each.turns(table, 2**15) for each in devices(2)):
        assert [table.tokens(turn.parts) for turn in turns] == [24]
        assert turns[0].stand_in is None


@pytest.mark.parametrize(
    ("groups", "stand_in"),
    [
        ([(9, True, [3]), (5, True, [3])], None),
        # The other process sees an image.
        ([(9, True, [3]), (4, False, [2])], (0, 2)),
        # The other is alone, with a response of one token.
        ([(9, False, [1]), (4, False, [1]), (3, False, [1])], (2, 1)),
        # The other is alone, and sees no image.
        ([(9, True, [3]), (2, True, [6]), (4, False, [1])], (2, 1)),
    ],
)
def test_who_stands_in(
    groups: list[tuple[int, bool, list[int]]], stand_in: tuple[int, int] | None
) -> None:
    """For the second of two processes, in its last turn of one response each."""
    assert devices(2)[1].turns(responses(groups), 1)[-1].stand_in == stand_in


def test_one_process_alone_needs_no_stand_in() -> None:
    (alone,) = devices(1)
    table = responses([(3, True, [1, 2]), (2, False, [1])])
    assert all(turn.stand_in is None for turn in alone.turns(table, 4))

from hypothesis import given
from hypothesis import strategies as st

from rlsd_pipeline.models.batching import micro_batches

GROUPS = st.lists(
    st.tuples(st.integers(1, 60), st.lists(st.integers(0, 40), min_size=1, max_size=9)), max_size=9
)


def cost(parts: list, prompts: list[int], completions: list[list[int]]) -> int:
    rows = [
        (prompts[part.group], completions[part.group][row]) for part in parts for row in part.rows
    ]
    return len(rows) * (max(p for p, _ in rows) + max(c for _, c in rows))


@given(GROUPS, st.integers(1, 800))
def test_every_response_once_and_within_the_budget(
    groups: list[tuple[int, list[int]]], budget: int
) -> None:
    prompts, completions = [p for p, _ in groups], [c for _, c in groups]
    batches = micro_batches(prompts, completions, budget)
    found = sorted((part.group, row) for parts in batches for part in parts for row in part.rows)
    assert found == [(g, r) for g, (_, rows) in enumerate(groups) for r in range(len(rows))]
    for parts in batches:
        alone = len(parts) == 1 and len(parts[0].rows) == 1
        assert alone or cost(parts, prompts, completions) <= budget


def test_a_group_that_fits_is_not_divided() -> None:
    batches = micro_batches([10, 50, 12], [[5, 5], [4, 4], [6, 5]], 120)
    assert [[part.group for part in parts] for parts in batches] == [[1], [2, 0]]


def test_responses_of_like_length_are_together() -> None:
    [first, second] = micro_batches([4], [[1, 20, 2, 19]], 50)
    assert [list(part.rows) for part in first + second] == [[1, 3], [2, 0]]


def test_nothing_to_divide() -> None:
    assert micro_batches([], [], 10) == []

"""The list of the first valued responses."""

import pyarrow as pa

from assets.stages.token_values import _first_states


def test_a_response_is_an_item_however_many_states_were_valued() -> None:
    valued = {
        "rollout_id": "a#0",
        "reward": 1.0,
        "places": [0, 1, 2, 7],
        "first_values": [0.0, 0.5, 0.5, 1.0],
        "second_values": [0.5, 0.5, 0.5, 1.0],
        "first_counts": [4.0, 4.0, 4.0, 4.0],
        "second_counts": [4.0, 4.0, 4.0, 0.0],
        "standard_errors": [0.125, 0.0625, 0.0, 0.25],
    }
    without = valued | {"rollout_id": "a#1", "places": []}
    shown = _first_states(pa.Table.from_pylist([without, valued])).value
    # .25, .5, .5, 1: of eight heights the first, 7 / 3 rounded, the same, the last.
    assert shown == (
        "- **a#0**: `▁▃▃█ 0.25 → 1`, reward 1; 4 states, after tokens 0 to 2, 7; "
        "standard error at most 0.25"
    )

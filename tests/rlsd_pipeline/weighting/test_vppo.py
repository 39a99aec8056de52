import math
import random
from collections.abc import Callable

import pytest
import torch

from rlsd_pipeline.credit.rounding import Selected, selected
from rlsd_pipeline.weighting.method import Credit
from rlsd_pipeline.weighting.vppo import VPPO, largest_of_response

CreditOf = Callable[..., Credit]

TWO = math.log(2)
# k: 0, 2 - ln 2 - 1 = .306853, ½ + ln 2 - 1 = .193147, 0, and 0 twice; the last has no image.
GAPS = [[0.0, TWO, -TWO, 0.0], [0.0, 0.0], None]


def streams(credit_of: CreditOf, column: str, **of: object) -> list[float]:
    columns = {column: [row and [gap - 4 for gap in row] for row in GAPS]}
    gain, advantages = [[0.0] * 4, [0.0] * 2, [0.0]], [1.0, -2.0, 0.5]
    credit = credit_of(gain, advantages=advantages, teacher=False, columns=columns)
    found = VPPO.model_validate({"share": 0.5} | of).streams(credit).token_advantages
    assert found is not None
    return found.tolist()


def test_the_tokens_that_the_image_decides_carry_the_advantage(credit_of: CreditOf) -> None:
    # Scaled means 1 and 0, their mean ½: factors .9 + .1 · 2 and .9.
    expected = [0.0, 1.1, 1.1, 0.0, -1.8, 0.0, 0.5]
    assert streams(credit_of, "patched_image_logprobs") == pytest.approx(expected)
    assert streams(credit_of, "blank_image_logprobs", image="blank") == pytest.approx(expected)


def test_it_says_which_tokens_it_selects(credit_of: CreditOf) -> None:
    columns = {"patched_image_logprobs": [row and [gap - 4 for gap in row] for row in GAPS]}
    table = credit_of([[0.0] * 4, [0.0] * 2, [0.0]], teacher=False, columns=columns)
    found = VPPO(share=0.5).selects(table)
    # The second response depends on no image, and keeps its share all the same.
    assert found.chosen.tolist() == [False, True, True, False, True, False, False]
    least = 0.5 + TWO - 1
    assert found.sizes[:6].tolist() == pytest.approx([0, 1 - TWO, least, 0, 0, 0], abs=1e-6)
    assert found.bounds[:6].tolist() == pytest.approx([least] * 4 + [0.0] * 2, abs=1e-6)
    # k of errors of .01 is .00005: above 0, as the second response's bound, and nothing else.
    noise = torch.tensor([0.01, -0.01] * 3 + [0.01])
    assert selected(VPPO(share=0.5), table, noise) == Selected(3 / 7, 2 / 3)


def test_responses_may_weigh_alike(credit_of: CreditOf) -> None:
    found = streams(credit_of, "patched_image_logprobs", least=1.0, share=1.0)
    assert found == pytest.approx([1.0] * 4 + [-2.0] * 2 + [0.5])


def test_the_setting_names_the_column() -> None:
    assert VPPO().columns == {"student_logprobs", "patched_image_logprobs"}
    assert VPPO(image="blank").columns == {"student_logprobs", "blank_image_logprobs"}


def test_a_share_is_rounded_up_and_the_first_of_equals_are_taken() -> None:
    sizes = torch.tensor([1.0, 3.0, 3.0, 3.0, 0.0, 0.0, 5.0, 2.0])
    found = largest_of_response(sizes, torch.tensor([4, 2, 0, 2]), 0.4)
    assert found.nonzero().squeeze(-1).tolist() == [1, 2, 4, 6]


@pytest.mark.parametrize("seed", range(25))
def test_ragged_responses_are_cut_one_by_one(seed: int) -> None:
    rng = random.Random(seed)
    lengths = [rng.randrange(6) for _ in range(rng.randrange(1, 9))]
    # A mean length that a response has: the flat table could be cut into rows of it.
    lengths += [len(lengths), 1] if seed % 2 else [3, 2, 4]
    rows = [[rng.randrange(8) / 8 for _ in range(length)] for length in lengths]
    share = rng.choice([0.2, 0.4, 1.0])
    expected = []
    for row in rows:
        count = math.ceil(len(row) * share - 1e-9)
        largest = sorted(range(len(row)), key=lambda t, row=row: (-row[t], t))[:count]
        expected += [t in largest for t in range(len(row))]
    sizes = torch.tensor([size for row in rows for size in row])
    found = largest_of_response(sizes, torch.tensor(lengths), share)
    assert found.tolist() == expected


def test_a_length_that_is_the_mean_of_all_is_no_sign_of_equal_lengths() -> None:
    sizes = torch.tensor([9.0, 8.0, 7.0, 1.0, 2.0, 5.0, 6.0, 7.0, 8.0])
    found = largest_of_response(sizes, torch.tensor([3, 2, 4]), 0.4)
    assert found.nonzero().squeeze(-1).tolist() == [0, 1, 4, 7, 8]

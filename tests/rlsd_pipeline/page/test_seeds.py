"""Every seed's accuracy, and how the gain over the base varies."""

from rlsd_pipeline.page.seeds import SeedScores, seeds_section


def test_a_gain_is_that_of_a_seed_over_its_own_base() -> None:
    scores = SeedScores(
        benchmark="sampled",
        base={0: 0.5, 1: 0.6, 2: 0.7},
        # Gains of .1 and .2: mean .15, standard deviation .0707, .47 of the mean.
        methods={"grpo": {0: 0.6, 1: 0.8}, "sft": {0: 0.4, 1: 0.4}, "opd": {0: 0.4, 1: 0.7}},
    )
    title, benchmark, table, meaning = seeds_section([scores])
    assert (title, benchmark) == ("## By seed", "### sampled, by seed")
    assert table.splitlines() == [
        "| seed | base | grpo | sft | opd |",
        "|---|---|---|---|---|",
        "| 0 | 0.500 | 0.600 | 0.400 | 0.400 |",
        "| 1 | 0.600 | 0.800 | 0.400 | 0.700 |",
        "| 2 | 0.700 | – | – | – |",
        "| mean gain | – | +0.150 | −0.150 | +0.000 |",
        "| standard deviation of the gain | – | 0.071 | 0.071 | 0.141 |",
        # Where the mean gain is 0 or less there is no share of it.
        "| the same over the mean | – | 0.47 | – | – |",
    ]
    assert meaning.startswith("The gain is that of a seed over its own base.")

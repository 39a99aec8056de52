"""Bias and noise of gradients: by hand, and against a policy whose gradients are enumerated."""

import numpy as np
import pytest

from rlsd_pipeline.credit.gradient_signal import Products, agreement, gradient_signal, signal
from tests.enumerated_policy import DEPTH, GROUP, Tree

Gradients = np.ndarray
"""By problem; `[problems, parameters]`."""


def products(own: Gradients, reference: Gradients) -> Products:
    return Products(own @ own.T, reference @ reference.T, own @ reference.T, own.shape[1])


def test_by_hand() -> None:
    own, reference = np.array([[3.0, 1.0], [1.0, -1.0]]), np.array([[1.0, 0.0], [1.0, 2.0]])
    found = signal(products(own, reference), 0.95)
    assert found.share is not None
    assert found.cosine is not None
    # |G|² = 16; the mean's is 2 · (2 + 2), so half is signal with these two problems.
    assert found.share.value == pytest.approx(0.5)
    assert found.prompts == pytest.approx(2.0)
    # ⟨EG, EG*⟩ = 2 · (5 + 1), |EG|² = 8, |EG*|² = 2 · (1 + 1)
    assert found.cosine.value == pytest.approx(12 / np.sqrt(8 * 4))


def test_rollouts_for_the_share_of_the_method_compared_with() -> None:
    half, three_quarters = np.array([[3.0, 1.0], [1.0, -1.0]]), np.array([[1.0, 0.0], [3.0, 0.0]])
    every = {"grpo": products(half, half), "other": products(three_quarters, half)}
    grpo, other = gradient_signal(every, "grpo", rollouts=16, confidence=0.95)
    # |G|² = 16 and 2 · (3 + 3) of it are the mean's: 2 / 3 problems make a half.
    assert (grpo.prompts_needed, grpo.rollouts_needed) == pytest.approx((2.0, 16.0))
    assert (other.prompts_needed, other.rollouts_needed) == pytest.approx((2 / 3, 16 / 3))


def test_what_is_not_known_is_none() -> None:
    nothing, against = np.zeros((3, 2)), np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    assert signal(products(nothing, against), 0.95) == (None, None, None)
    assert signal(products(against[:1], against[:1]), 0.95) == (None, None, None)
    # Problems that disagree more than chance would have it show no signal.
    found = signal(products(against, against), 0.95)
    assert found.share is not None
    assert found.share.value < 0
    assert found.cosine is found.prompts is None
    assert signal(Products(np.eye(2) + 1, None, None, 2), 0.95).cosine is None


class Tabular:
    """Problems of a few trees; the parameters are the logits of all nodes, shared by the trees."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.trees = rng, [Tree(rng) for _ in range(3)]
        right = [np.mean([t.right[s] for t in self.trees], 0) for s in range(DEPTH)]
        for tree in self.trees:
            # One policy: where it goes does not depend on the problem, what comes of it does.
            tree.right, leaves = right, tree.values[-1]
            tree.values = [leaves]
            for share in reversed(right):
                after = tree.values[0]
                tree.values.insert(0, share * after[1::2] + (1 - share) * after[0::2])

    @property
    def true(self) -> np.ndarray:
        """The mean gradient of a problem by enumeration: how its rollouts' sum of R changes."""
        by_tree = []
        for tree in self.trees:
            reached, found = np.ones(1), []
            for right, after in zip(tree.right, tree.values[1:], strict=True):
                found.append(GROUP * reached * right * (1 - right) * (after[1::2] - after[0::2]))
                reached = np.stack([reached * (1 - right), reached * right], 1).ravel()
            by_tree.append(np.concatenate(found))
        return np.mean(by_tree, 0)

    def batch(self, problems: int) -> dict[str, Gradients]:
        """Gradients of some credits, by problem, from sampled rollouts and measured values."""
        rows: dict[str, list[np.ndarray]] = {"true": [], "reward": [], "first step": []}
        for tree in self.rng.choice(np.array(self.trees, dtype=object), problems):
            paths = tree.paths(self.rng)
            measured = (tree.half(self.rng, paths) + tree.half(self.rng, paths)) / 2
            rewards = np.repeat(tree.values[-1][paths[-1]][:, None], DEPTH, 1)
            first = rewards * (np.arange(DEPTH) == 0)
            for name, credit in (("true", measured), ("reward", rewards), ("first step", first)):
                rows[name].append(self._gradient(tree, paths, credit))
        return {name: np.stack(found) for name, found in rows.items()}

    def _gradient(self, tree: Tree, paths: list[np.ndarray], credit: np.ndarray) -> np.ndarray:
        found = []
        for step, right in enumerate(tree.right):
            push = credit[:, step] * (paths[step + 1] % 2 - right[paths[step]])
            found.append(np.bincount(paths[step], weights=push, minlength=len(right)))
        return np.concatenate(found)


@pytest.mark.slow
def test_products_of_different_problems_are_unbiased_and_those_of_one_are_not() -> None:
    """Over many batches, within three standard errors of what enumeration says."""
    tabular = Tabular(np.random.default_rng(3))
    true, ones = tabular.true, np.ones((1, 4))
    first = np.where(np.arange(len(true)) == 0, true, 0.0)
    batches = [tabular.batch(4) for _ in range(3000)]
    for one, other, expected in (
        ("true", "true", true @ true),
        ("reward", "reward", true @ true),
        ("reward", "true", true @ true),
        ("first step", "true", first @ true),
        ("first step", "first step", first @ first),
    ):
        found = [agreement(b[one] @ b[other].T, ones)[0] for b in batches]
        error = np.std(found, ddof=1) / np.sqrt(len(found))
        assert abs(np.mean(found) - expected) < 3 * error, (one, other)
    whole = [(b["reward"].mean(0) ** 2).sum() for b in batches]
    assert np.mean(whole) > 2 * (true @ true)


@pytest.mark.slow
def test_a_noisy_credit_has_no_bias_and_a_partial_one_has() -> None:
    tabular = Tabular(np.random.default_rng(4))
    batch, true = tabular.batch(400), tabular.true
    found = {name: signal(products(rows, batch["true"]), 0.95) for name, rows in batch.items()}
    shares = {name: one.share.value for name, one in found.items() if one.share}
    assert shares["reward"] < shares["true"]
    bias = abs(true[0]) / np.linalg.norm(true)
    for name, expected in (("true", 1.0), ("reward", 1.0), ("first step", bias)):
        cosine = found[name].cosine
        assert cosine is not None
        assert cosine.low - 1e-9 <= expected <= cosine.high + 1e-9
    assert found["first step"].cosine is not None
    assert found["first step"].cosine.high < 0.99

"""A policy whose values are enumerated: what was measured of it is held against the truth."""

import numpy as np

from rlsd_pipeline.credit.fidelity import MeasuredAdvantages

DEPTH, GROUP, HALF = 5, 4, 4


class Tree:
    """A problem as a binary tree: a response is a path, its reward stands at its leaf.

    Attributes:
        right: Step -> probability that a response goes right, by node.
        values: Step -> expected reward of each node, by enumeration.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.right = [rng.beta(2, 2, 2**step) for step in range(DEPTH)]
        rewards = (rng.random(2**DEPTH) < rng.beta(0.7, 0.7)).astype(float)
        self.values = [rewards]
        for right in reversed(self.right):
            after = self.values[0]
            self.values.insert(0, right * after[1::2] + (1 - right) * after[0::2])

    def paths(self, rng: np.random.Generator) -> list[np.ndarray]:
        """A group of responses: the node of each at every step."""
        nodes = [np.zeros(GROUP, dtype=int)]
        for right in self.right:
            nodes.append(2 * nodes[-1] + (rng.random(GROUP) < right[nodes[-1]]))
        return nodes

    def advantages(self, paths: list[np.ndarray]) -> np.ndarray:
        """A* of each step, known exactly; `[group, steps]`."""
        return along(self.values, paths)

    def half(
        self, rng: np.random.Generator, paths: list[np.ndarray], drawn: int = HALF
    ) -> np.ndarray:
        """The same measured by so many continuations a node; the end needs none."""
        measured = [rng.binomial(drawn, value) / drawn for value in self.values[:-1]]
        return along([*measured, self.values[-1]], paths)


def along(values: list[np.ndarray], paths: list[np.ndarray]) -> np.ndarray:
    return np.diff(np.stack([v[n] for v, n in zip(values, paths, strict=True)], 1), axis=1)


class Table:
    """The responses of several trees, with what is known and what was measured of them."""

    def __init__(self, rng: np.random.Generator, trees: list[Tree], half: int = HALF) -> None:
        paths = [tree.paths(rng) for tree in trees]
        pairs = list(zip(trees, paths, strict=True))
        self.true = np.concatenate([tree.advantages(p) for tree, p in pairs]).ravel()
        first, second = (
            np.concatenate([tree.half(rng, p, half) for tree, p in pairs]).ravel() for _ in range(2)
        )
        spans = np.arange(len(self.true))
        rows = spans // DEPTH
        self.measured = MeasuredAdvantages(first, second, spans, spans + 1, rows, rows // GROUP)
        # A reward over all of its tokens, as GRPO; and the truth behind some noise.
        rewards = np.concatenate([tree.values[-1][p[-1]] for tree, p in pairs])
        centred = rewards - np.repeat(rewards.reshape(-1, GROUP).mean(1), GROUP)
        self.credits = {
            "grpo": np.repeat(centred, DEPTH),
            "noisy": self.true + 0.15 * rng.standard_normal(len(self.true)),
        }

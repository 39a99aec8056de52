"""The stages that compare methods on the same rollouts."""

"""The stages that hold methods against one another on the same rollouts."""

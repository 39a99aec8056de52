"""The policy update: it reads per-token streams and does not know which method made them.

policy_loss.py        the clipped surrogate of token_advantages
divergence.py         the divergence to the teacher, weighed by distillation_weights
importance.py         the ratio ρ of two policies, bounded
engine_correction.py  the weights that correct for tokens sampled by another engine
token_loss.py         the sum of the three components
policy_update.py      AdamW over a table of rollouts
"""

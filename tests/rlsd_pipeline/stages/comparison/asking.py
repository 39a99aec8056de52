"""A method that asks for every column."""

from rlsd_pipeline.credit.columns import SQUARED_PROBS, STUDENT_ENTROPY, TEACHER_ENTROPY
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting


class Asking(Weighting):
    """The advantage, times what is known of the token."""

    reads = frozenset({STUDENT_ENTROPY, SQUARED_PROBS, TEACHER_ENTROPY})

    def streams(self, credit: Credit) -> TokenStreams:
        """A times the sum of all columns, those that a response has none of left out."""
        known = sum(credit.column(name).nan_to_num(0.0) for name in sorted(self.reads))
        return TokenStreams(credit.token_advantages * known)

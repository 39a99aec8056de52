"""A method that asks for every column."""

from rlsd_pipeline.credit.columns import ASKED
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting


class Asking(Weighting):
    """The advantage, times what is known of the token."""

    reads = ASKED

    def streams(self, credit: Credit) -> TokenStreams:
        """A times the sum of all columns, those that a response has none of left out."""
        known = sum(credit.column(name).nan_to_num(0.0) for name in sorted(ASKED))
        return TokenStreams(credit.token_advantages * known)

"""Counts an iteration's responses with a readable answer, and says what the others lack."""

from collections import Counter

from rlsd_pipeline.artifacts import Artifact
from rlsd_pipeline.stages.workspace import StageRun
from rlsd_pipeline.verifiers.groups import is_unverified
from schemas import Reward, Verdict

_LACKING = {Verdict.TRUNCATED, Verdict.UNPARSED, Verdict.VERIFIER_ERROR}
"""Verdicts without an answer to judge."""


def readable_text(run: StageRun, rewards: Artifact) -> str:
    """For example "0 of 16 readable: 14 cut at 48 tokens, 2 without `<answer>`"."""
    table = rewards.table(Reward, ["verdict", "extracted"]).to_pydict()
    lacking = Counter(
        verdict
        for verdict, extracted in zip(table["verdict"], table["extracted"], strict=True)
        if extracted is None
    )
    total = len(table["verdict"])
    if is_unverified(table["verdict"]):
        return f"the rewards of {total} are a log's, and nothing verified them"
    cut, unparsed = lacking.pop(Verdict.TRUNCATED, 0), lacking.pop(Verdict.UNPARSED, 0)
    failed = lacking.pop(Verdict.VERIFIER_ERROR, 0)
    if lacking:
        # As of imported rewards.
        return f"{lacking.total()} of {total} judged without reading an answer"
    reasons = [
        f"{count} {why}"
        for count, why in (
            (cut, f"cut at {run.experiment.sampling.max_tokens} tokens"),
            (unparsed, f"without {run.experiment.verifier.extraction.wanted}"),
            (failed, "that the verifier failed on"),
        )
        if count
    ]
    found = f"{total - cut - unparsed - failed} of {total} readable"
    return f"{found}: {', '.join(reasons)}" if reasons else found


def nothing_readable(run: StageRun) -> str | None:
    """The message about an iteration without a readable response; None if one is readable."""
    rewards = run.workspace.store.intact_ref(run.reference("rewards"))
    if rewards is None:
        return None
    table = rewards.table(Reward, ["verdict", "extracted"])
    lacking = set(table["verdict"].to_pylist()) <= _LACKING
    if not lacking or table["extracted"].null_count < len(table):
        return None
    return (
        f"{readable_text(run, rewards)}. Nothing can be learnt from these: raise "
        "`sampling.max_tokens` where responses are cut, or let `prompts` and `verifier.extraction` "
        "agree on how an answer is written"
    )

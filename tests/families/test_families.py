"""Each family of models goes through an experiment, and the document says so."""

from pathlib import Path

import pytest

from tests.families.families import FAMILIES, Family
from tests.families.journey import STEPS, go
from tests.families.table import DOCUMENT, row


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_family_works_as_the_document_says(family: Family, tmp_path: Path) -> None:
    policy = family.policy()
    outcome = go(policy, tmp_path)
    if outcome.failure is not None:
        raise outcome.failure
    assert outcome.done == list(STEPS)
    assert row(family.name, policy, outcome) in DOCUMENT.read_text().splitlines()

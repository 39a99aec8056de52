"""The data set as the UI shows it."""

from schemas import Problem
from tests.assets.materialized import Known, latest


def test_the_splits_and_the_first_problems_are_shown(known: Known) -> None:
    declared, instance, store = known
    metadata = latest(instance, declared.key("problems")).metadata
    artifact = store.ref("small/problems")
    assert artifact is not None
    rows = artifact.table(Problem).to_pylist()
    assert metadata["rows"].value == "15"
    assert metadata["splits"].value == {"train": 10, "test": 5}
    assert [record.data for record in metadata["first rows"].value.records] == [
        {"problem": row["problem_id"], "question": row["question"], "answer": row["answer"]}
        for row in rows[:8]
    ]

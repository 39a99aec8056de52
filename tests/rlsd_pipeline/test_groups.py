import subprocess
import sys

from rlsd_pipeline.groups import Groups


def test_groups_stand_in_the_order_of_their_first_rows_even_where_they_are_mixed() -> None:
    groups = Groups(["b", "a", "b", "c", "a", "b"])
    assert groups.problem_ids == ["b", "a", "c"]
    assert groups.members == [[0, 2, 5], [1, 4], [3]]
    assert groups.of_rows == [0, 1, 0, 2, 1, 0]
    assert len(groups) == 3


def test_a_table_without_rows_has_no_groups() -> None:
    groups = Groups([])
    assert (groups.problem_ids, groups.members, groups.of_rows, len(groups)) == ([], [], [], 0)


def test_a_components_author_can_group_without_loading_a_framework() -> None:
    script = (
        "import sys, rlsd_pipeline.groups; print(sorted({'torch', 'numpy'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert found.stdout.strip() == "[]"

"""The groups of a table: the rows that answer one problem."""

from collections.abc import Iterable


class Groups:
    """The rows of a table by problem; groups are in the order of their first rows.

    Args:
        problem_ids: The problem of each row.

    Attributes:
        problem_ids: The problem of each group; `[groups]`.
        members: Indices of each group's rows, in order; `[groups]`.
        of_rows: Index of each row's group, from 0; `[rows]`.
    """

    def __init__(self, problem_ids: Iterable[str]) -> None:
        members: dict[str, list[int]] = {}
        for row, problem_id in enumerate(problem_ids):
            members.setdefault(problem_id, []).append(row)
        self.problem_ids, self.members = list(members), list(members.values())
        self.of_rows = [0] * sum(map(len, self.members))
        for group, rows in enumerate(self.members):
            for row in rows:
                self.of_rows[row] = group

    def __len__(self) -> int:
        return len(self.members)

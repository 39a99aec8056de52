"""What a method says of the columns that it reads."""

from collections.abc import Callable

import pytest

from rlsd_pipeline.weighting.grpo import GRPO
from rlsd_pipeline.weighting.ktae import KTAE
from rlsd_pipeline.weighting.method import Credit, TokenStreams, Weighting
from rlsd_pipeline.weighting.rlsd import RLSD
from rlsd_pipeline.weighting.vine import Vine


class _Own(Weighting):
    def streams(self, credit: Credit) -> TokenStreams:
        return TokenStreams(credit.token_advantages)


def test_what_is_read_says_whether_there_is_a_teacher() -> None:
    assert GRPO.reads == frozenset()
    assert KTAE.reads == {"token_ids"}
    assert RLSD.reads == {"student_logprobs", "teacher_logprobs"}
    assert [m.reads_teacher for m in (GRPO, KTAE, RLSD, Vine)] == [False, False, True, False]
    assert [m.reads_values for m in (GRPO, KTAE, RLSD, Vine)] == [False, False, False, True]

    class Contrasting(_Own):
        reads = frozenset({"correct_sibling_logprobs"})

    assert Contrasting.reads_teacher


def test_a_class_may_say_it_without_naming_columns() -> None:
    class Untaught(_Own):
        reads_teacher = False

    class Valued(Untaught):
        reads_values = True

    assert Untaught.reads == {"student_logprobs"}
    assert Valued.reads == {"student_logprobs", "true_advantages"}
    assert (Valued.reads_teacher, Valued.reads_values) == (False, True)


def test_a_setting_may_choose_a_column() -> None:
    class Seeing(_Own):
        reads = frozenset()
        image: str = "blank"

        @property
        def columns(self) -> frozenset[str]:
            return self.reads | {f"{self.image}_image_logprobs"}

    assert Seeing(image="blurred").columns == {"blurred_image_logprobs"}


def test_a_column_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(TypeError, match=r"'entropy', which is no column: .* 'teacher_entropy'"):

        class Wrong(_Own):
            reads = frozenset({"entropy"})


def test_a_column_that_is_not_there_says_what_makes_it(credit_of: Callable[..., Credit]) -> None:
    credit = credit_of([[0.5, -1.0]], without=["student_entropy"])
    with pytest.raises(ValueError, match=r"needs student_entropy, .* --columns` does"):
        credit.column("student_entropy")
    assert credit.column("student_squared_probs").tolist() == pytest.approx([2 / 3, 0.5])
    assert credit.lacks(["student_entropy", "token_ids"]) == ["student_entropy"]

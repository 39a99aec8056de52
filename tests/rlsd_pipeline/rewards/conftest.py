"""Responses to judge by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rlsd_pipeline.rewards.reward_function import Response
from schemas import FinishReason, Problem, Verdict


@pytest.fixture
def response() -> Callable[..., Response]:
    """A right response of four tokens; keywords change what it is."""

    def response(problem_id: str = "p", **changes: Any) -> Response:
        given = Response(
            problem=Problem.model_validate({**Problem.example, "problem_id": problem_id}),
            completion="<answer>no</answer>",
            completion_ids=np.array(changes.pop("tokens", [5, 6, 7, 8]), dtype=np.int32),
            finish_reason=FinishReason.STOP,
            verdict=Verdict.CORRECT,
            extracted="no",
            format_ok=True,
            max_tokens=20,
        )
        return given._replace(**changes)

    return response

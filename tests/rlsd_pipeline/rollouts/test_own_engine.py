"""An engine of a user's own: what it is given, what it keeps, and what of its answer is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rlsd_pipeline.components.component import CODE, identity
from rlsd_pipeline.config.experiment import ExperimentConfig, load_experiment
from rlsd_pipeline.errors import ComponentError, ConfigError
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.rollouts.engine import Completion, Engine, SamplingRequest
from rlsd_pipeline.rollouts.kept import sample_part
from schemas import FinishReason

CANNED = """\
from math import inf, nan

from rlsd_pipeline.rollouts.engine import Completion, Engine
from schemas import FinishReason

LENGTH, STOP = FinishReason.LENGTH, FinishReason.STOP


class Canned(Engine):
    first: int = 40

    _asked: int = 0

    def sample(self, policy, request, progress):
        self._asked += 1
        ids, logprobs = [self.first, 41, 41 + self._asked], [-0.5, -0.25, nan]
        answer = [Completion(ids, logprobs, LENGTH)] * (len(request.prompts) * request.group_size)
        progress(3 * len(answer))
        return answer
"""
LINE = "    def sample(self, policy, request, progress):"

Declare = Callable[..., ExperimentConfig]


@pytest.fixture
def declare(tmp_path: Path) -> Declare:
    """Reads an experiment whose engine is in a file beside it; the answer may be replaced."""

    def declare(answer: str = "answer", **changes: object) -> ExperimentConfig:
        code = CANNED.replace("return answer", f"return {answer}")
        (tmp_path / "canned.py").write_text(code)
        settings = "".join(f", {name}: {value}" for name, value in changes.items())
        (tmp_path / "defs.yaml").write_text(
            "type: assets.component.Experiment\nattributes:\n"
            f"  engine: {{type: './canned.py:Canned'{settings}}}\n"
            "  compute: {type: local, processes: 1}\n"
            "  arms: [{weighting: {type: grpo}}]\n"
        )
        return load_experiment(tmp_path / "defs.yaml")

    return declare


@pytest.fixture
def sample(text_policy: Policy) -> Callable[[Engine], list[Completion]]:
    """Two responses of three tokens to each of three prompts."""
    prompts = [text_policy.encode(text) for text in ("what colour?", "a circle?", "which?")]
    request = SamplingRequest(prompts, ["a", "b", "c"], 2, 3, 1.0, seed=5)
    return lambda engine: sample_part(engine, text_policy, request, lambda tokens: None)


def test_it_samples_and_what_it_keeps_is_there_at_the_next_call(
    declare: Declare, sample: Callable[[Engine], list[Completion]]
) -> None:
    engine = declare(first=39).engine
    first, second = sample(engine), sample(declare(first=39).engine)
    assert [each.completion_ids for each in first] == [[39, 41, 42]] * 6
    assert [each.completion_ids for each in second] == [[39, 41, 43]] * 6
    assert first[0].finish_reason is FinishReason.LENGTH
    assert engine == declare(first=39).engine, "what it keeps is no part of the declaration"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            "answer[:-1]",
            "problems a to c: `sample` gave 5, and a list of 6 completions is wanted, 2 of each of "
            "3 prompts",
        ),
        ("None", "problems a to c: `sample` gave NoneType, and a list of 6"),
        (
            "answer[:2] + [Completion(ids, logprobs[:2], LENGTH)] * 4",
            "problem b, response 0: `sample` gave 2 log-probabilities of 3 tokens",
        ),
        (
            "answer[:5] + [Completion(ids, [-0.5, 0.9, -0.1], LENGTH)]",
            "problem c, response 1: `sample` gave the log-probability 0.9: nats, not above 0",
        ),
        ("[Completion(ids, [-0.5, -inf, -0.1], LENGTH)] * 6", "the log-probability -inf"),
        ("[Completion([40, 41, 10**6], logprobs, LENGTH)] * 6", "the token id 1000000, and the v"),
        ("[Completion([40, 41, 4.5], logprobs, LENGTH)] * 6", "the token id 4.5, and the voc"),
        ("[Completion(ids * 2, logprobs * 2, LENGTH)] * 6", "6 tokens, where max_tokens is 3"),
        ("[Completion(ids[:2], logprobs[:2], LENGTH)] * 6", "a cut response of 2 tokens, where"),
        ("[Completion(ids, logprobs, STOP)] * 6", "goes on after its end token, or stops without"),
        ("[Completion(ids, logprobs, 'eos')] * 6", "the finish_reason 'eos', which is no `Finish"),
        ("[(ids, logprobs)] * 6", "which is no `Completion`"),
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_names_file_line_and_problem(
    declare: Declare,
    sample: Callable[[Engine], list[Completion]],
    tmp_path: Path,
    answer: str,
    said: str,
) -> None:
    with pytest.raises(ComponentError) as caught:
        sample(declare(answer).engine)
    message = str(caught.value)
    assert message.startswith("engine `canned.py:Canned`, problem")
    assert said in message
    line = CANNED.splitlines().index(LINE) + 1
    assert message.endswith(f" ({tmp_path / 'canned.py'}, line {line})")


def test_what_it_raises_names_file_line_and_problems(
    declare: Declare, sample: Callable[[Engine], list[Completion]], tmp_path: Path
) -> None:
    with pytest.raises(ComponentError) as caught:
        sample(declare("[1 / 0]").engine)
    assert str(caught.value) == (
        "engine `canned.py:Canned`, problems a to c: ZeroDivisionError: division by zero "
        f"({tmp_path / 'canned.py'}, line 19)"
    )


def test_settings_and_code_decide_the_draw_and_the_size_of_a_part_does_not(
    declare: Declare,
) -> None:
    plain = declare().engine.identity
    assert plain == {"type": "canned.py:Canned", "first": 40, CODE: plain[CODE]}
    assert declare(batch_prompts=7).engine.identity == plain
    assert declare(first=39).engine.identity == plain | {"first": 39}
    changed = declare("list(answer)").engine.identity
    assert changed[CODE] != plain[CODE]
    assert identity(declare(batch_prompts=7).engine)["batch_prompts"] == 7


def test_a_subclass_of_a_built_in_one_is_told_from_it(declare: Declare, tmp_path: Path) -> None:
    declare()
    (tmp_path / "canned.py").write_text(
        "from rlsd_pipeline.rollouts.engines.vllm import VLLMEngine\n"
        "class Canned(VLLMEngine):\n    first: int = 40\n"
    )
    found = load_experiment(tmp_path / "defs.yaml").engine.identity
    assert found.pop(CODE)
    assert found == {"type": "canned.py:Canned", "dtype": None, "options": {}, "first": 40}


def test_several_arms_at_a_time_are_refused_unless_it_says_that_it_can(
    declare: Declare, tmp_path: Path
) -> None:
    declare()
    yaml = tmp_path / "defs.yaml"
    yaml.write_text(yaml.read_text().replace("processes: 1", "processes: 2"))
    with pytest.raises(ConfigError, match=r"compute\.processes: 2 .* `serves_one_policy`"):
        load_experiment(yaml)
    own = "    @property\n    def serves_one_policy(self):\n        return False\n"
    (tmp_path / "canned.py").write_text(CANNED + "\n" + own)
    assert not load_experiment(yaml).engine.serves_one_policy

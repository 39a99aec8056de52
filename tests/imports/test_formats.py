"""The logs below `logs/` hold the same six responses, as each trainer writes them."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline.components.component import built_in_name
from rlsd_pipeline.errors import DataError
from rlsd_pipeline.imports.formats import FORMATS
from rlsd_pipeline.imports.naming import ProblemNames
from rlsd_pipeline.imports.problems import logged_problems
from rlsd_pipeline.imports.recognised import recognised
from rlsd_pipeline.imports.rollout_format import RolloutFormat
from rlsd_pipeline.imports.tables import Imported, import_step
from rlsd_pipeline.imports.tokens import ModelTokens, Words
from rlsd_pipeline.models.chat import Chat
from rlsd_pipeline.models.loading import load_processor
from rlsd_pipeline.models.response_text import ResponseText
from tests.imports.conftest import LOGS
from tests.imports.tiny import SUMS, response

GENERIC = {"prompt": "q", "completion": "a", "reward": "score", "answer": "gold"}
BY_NAME = {built_in_name(kind): kind for kind in FORMATS}
SAME = tuple(name for name in BY_NAME if name != "trl")
WITH_IDS = ("slime", "nemo_rl", "open_instruct", "prime_rl")


def source(name: str, path: Path | None = None) -> RolloutFormat:
    settings = GENERIC if name == "generic" else {}
    return BY_NAME[name].model_validate({"path": str(path or LOGS / name), **settings})


def read(name: str, reader: ModelTokens | Words) -> Imported:
    found = source(name)
    return import_step(found, None, ProblemNames(name).of, reader)


@pytest.fixture(scope="module")
def reader(model: Path) -> ModelTokens:
    processor = load_processor(model)
    end = processor.tokenizer.eos_token_id
    text = ResponseText(processor.tokenizer, Chat(processor), [end])
    return ModelTokens(processor, text, 64)


@pytest.mark.parametrize("name", SAME)
def test_every_format_holds_the_same_responses(name: str, reader: ModelTokens) -> None:
    found = read(name, reader)
    right = [response(*pair) for pair in SUMS[:2]]
    texts = found.rollouts["completion"].to_pylist()
    assert [texts[0], texts[2], texts[3], texts[5]] == [right[0], right[0], right[1], right[1]]
    assert texts[1].endswith("<answer>6</answer>")
    assert found.rollouts["sample_index"].to_pylist() == [0, 1, 2, 0, 1, 2]
    assert found.report.groups == 2
    expected = [2.0, 1.0, 2.0] if name == "ms_swift" else [1.0, 0.0, 1.0]
    assert found.rows["reward"].to_pylist() == expected * 2
    if found.report.advantage_sign is not None:
        assert found.report.advantage_sign == 1.0


@pytest.mark.parametrize("name", SAME)
def test_ids_are_taken_where_given_and_found_again_where_not(
    name: str, reader: ModelTokens
) -> None:
    found, plain = read(name, reader), read("verl", reader)
    assert found.rollouts["completion_ids"] == plain.rollouts["completion_ids"]
    assert found.rollouts["prompt_ids"] == plain.rollouts["prompt_ids"]
    assert found.rollouts["token_ends"] == plain.rollouts["token_ends"]
    given = name in WITH_IDS
    assert found.report.tokens == {"given" if given else "tokenizer": 6}
    assert found.report.with_logprobs == (6 if given else 0)
    if given:
        assert found.rollouts["rollout_logprobs"][0].as_py()[:2] == pytest.approx([-0.05, -0.06])


def test_rows_that_cannot_be_used_are_counted_by_their_reason(reader: ModelTokens) -> None:
    assert read("slime", reader).report.unusable == {"a sample that was not finished (aborted)": 1}
    assert read("prime_rl", reader).report.unusable == {"a conversation of several turns": 1}
    report = read("generic", reader).report
    assert report.unusable == {"no response": 1}
    assert report.first_unusable == {"no response": "mine.jsonl, row 6"}
    assert (report.rows, report.rollouts) == (7, 6)


def test_a_prompt_of_ids_that_the_model_lacks_is_not_scored(
    reader: ModelTokens, tmp_path: Path
) -> None:
    log = tmp_path / "1.jsonl"
    log.write_text('{"p": [3], "c": [4]}\n{"p": [99999], "c": [4]}\n')
    columns = {"prompt": None, "prompt_ids": "p", "completion": None, "completion_ids": "c"}
    found = import_step(BY_NAME["generic"](path=str(log), **columns), None, str, reader)
    assert found.report.unusable == {"token ids that the model's tokenizer does not have": 1}


def test_words_stand_for_tokens_without_a_model() -> None:
    found = read("verl", Words())
    first = found.rollouts.slice(0, 1).to_pylist()[0]
    assert first["completion"] == "<think>2 and 3 make 5</think><answer>5</answer>"
    # `<think>2`, ` and`, ` 3`, ` make`, ` 5</think><answer>5</answer>`
    assert first["token_ends"] == [8, 12, 14, 19, 47]
    assert found.report.tokens == {"words": 6}


def test_token_ids_without_a_text_need_a_tokenizer() -> None:
    with pytest.raises(DataError, match="6 with token ids without a text, and no tokenizer"):
        read("open_instruct", Words())


@pytest.mark.parametrize("name", [*SAME, "trl"])
def test_a_log_is_recognised_by_what_it_holds(name: str) -> None:
    assert recognised(LOGS / name)[:1] == ([name] if name != "generic" else [])


TRAINERS = [name for name in BY_NAME if name != "generic"]


@pytest.mark.parametrize("name", TRAINERS)
@pytest.mark.parametrize("log", TRAINERS)
def test_a_log_of_another_format_is_refused_and_named(name: str, log: str) -> None:
    if name == log:
        return
    with pytest.raises(DataError, match=f"it looks like `{log}`: --from {log}"):
        logged_problems(source(name, LOGS / log), Words(), lambda _: None)


@pytest.mark.parametrize("log", TRAINERS)
def test_columns_that_a_log_does_not_have_name_the_format_it_looks_like(log: str) -> None:
    with pytest.raises(DataError, match=f"no column 'q': .*; it looks like `{log}`: --from {log}"):
        list(source("generic", LOGS / log).rows())


def test_another_format_is_named_by_what_it_looks_like(tmp_path: Path) -> None:
    log = tmp_path / "completions_00001.jsonl"
    log.write_bytes((LOGS / "verl" / "7.jsonl").read_bytes())
    with pytest.raises(DataError, match="looks like `verl`: --from verl"):
        list(source("ms_swift", log).rows())


LINE = {"input": "q", "output": "a b", "gts": "5", "score": 1.0, "step": 1}


def line(**changed: Any) -> str:
    return json.dumps(LINE | changed)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (line()[:30], "a line that is no JSON"),
        ("[" * 3000 + "]" * 3000, "a line that is no JSON"),
        ("[1]", "no JSON object"),
        ('{"a": 1}', "no input, output, score, step in the record"),
        (line(output=["a"]), "a field of another kind than verl writes"),
        (line(input={}), "prompt: input should be a valid string"),
        (line(score=math.nan), "reward: input should be a finite number"),
        (line(score=10**400), "reward: input should be a valid number"),
        (line(step=10**30), "step: input should be less than 9223372036854775808"),
    ],
)
def test_a_row_that_is_none_is_counted_and_the_others_are_read(
    bad: str, reason: str, tmp_path: Path
) -> None:
    log = tmp_path / "1.jsonl"
    # As some tools on Windows begin a file.
    log.write_text("\ufeff" + "\n".join([line(acc=math.nan), bad, line(gts=[[[1]]])]))
    report = import_step(source("verl", log), None, ProblemNames("verl").of, Words()).report
    assert (report.rollouts, report.unusable) == (2, {reason: 1})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("1.jsonl", b"", "no row can be used: there is none"),
        ("1.jsonl", line(output="").encode(), "no row can be used: 1 with no response"),
        ("1.jsonl.gz", b"\x1f\x8b", "is compressed: unpack it first, for example by gunzip -k"),
        ("1.parquet", b"PAR1", "cannot be read as Parquet"),
    ],
)
def test_a_log_of_nothing_says_so(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    log = tmp_path / name
    log.write_bytes(content)
    with pytest.raises(DataError, match=message):
        logged_problems(source("verl", log), Words(), lambda _: None)
    with pytest.raises(DataError, match="is not there: name the log's file"):
        logged_problems(source("verl", tmp_path / "none"), Words(), lambda _: None)


def test_a_pickle_is_never_read(tmp_path: Path) -> None:
    (tmp_path / "rollout_0.pt").write_bytes(b"\x80\x04cos\nsystem\n")
    with pytest.raises(DataError, match="is a pickle, and reading one runs whatever it holds"):
        list(source("slime", tmp_path).rows())


def test_one_step_is_chosen_where_a_log_holds_several(reader: ModelTokens) -> None:
    trl = source("trl")
    with pytest.raises(DataError, match=r"holds 2 steps.*--step.*it has 1, 2"):
        import_step(trl, None, ProblemNames("trl").of, reader)
    with pytest.raises(DataError, match="holds no step 9: it has 1, 2"):
        import_step(trl, 9, ProblemNames("trl").of, reader)
    found = import_step(trl, 2, ProblemNames("trl").of, reader)
    assert (found.report.rows, found.report.groups, found.report.step) == (16, 4, 2)
    assert set(found.rows.column_names) >= {"reward_right", "reward_thinks"}
    assert found.report.advantage_sign == 1.0


@pytest.mark.parametrize(
    ("name", "log", "settings", "step"),
    [
        ("open_instruct", "open_instruct/demo_rollouts_000000.jsonl", {}, 2),
        ("generic", "generic/mine.jsonl", GENERIC | {"step": "at"}, 3),
        ("nemo_rl", "nemo_rl/train_data_step4.jsonl", {}, 4),
    ],
)
def test_a_row_nobody_can_use_is_counted_in_its_step(
    name: str, log: str, settings: dict[str, Any], step: int, tmp_path: Path, reader: ModelTokens
) -> None:
    folder = tmp_path / "run-20250529"
    folder.mkdir()
    lines = (LOGS / log).read_text().splitlines()
    records = [json.loads(line) | {"at": 3} for line in lines]
    spoilt = {key: None for key in records[0]} | {"step": step, "at": step}
    kept = [json.dumps(record) for record in (*records, spoilt)]
    (folder / Path(log).name).write_text("\n".join(kept))
    found = BY_NAME[name].model_validate({"path": str(folder), **settings})
    read = import_step(found, step, ProblemNames(name).of, reader)
    assert read.report.rows == len(lines) + 1
    # The folder's name is no step.
    assert import_step(found, None, ProblemNames(name).of, reader).report.step == step


def test_the_step_of_a_trace_is_that_of_its_folder(tmp_path: Path, reader: ModelTokens) -> None:
    log = (LOGS / "prime_rl/step_6/train/traces.jsonl").read_text()
    for step in (5, 6):
        folder = tmp_path / f"rollouts/step_{step}/train"
        folder.mkdir(parents=True)
        (folder / "traces.jsonl").write_text(log)
    found = source("prime_rl", tmp_path / "rollouts")
    read = import_step(found, 5, ProblemNames("prime_rl").of, reader)
    assert (read.report.rows, read.report.rollouts, read.report.largest_group) == (7, 6, 3)
    with pytest.raises(DataError, match="holds no step 99: it has 5, 6"):
        import_step(found, 99, ProblemNames("prime_rl").of, reader)
    with pytest.raises(DataError, match="holds 2 steps"):
        import_step(found, None, ProblemNames("prime_rl").of, reader)


def test_one_response_that_cannot_be_used_loses_none_of_its_batch(tmp_path: Path) -> None:
    batch = {
        "step": "1",
        "prompt": ["What is 1 plus 1?"] * 4,
        "completion": ["2", "", "3", "4"],
        "right": [1.0, 0.0, 0.0, math.inf],
        "advantages": [1.0, -1.0, -1.0, 1.0],
    }
    file = tmp_path / "completions.jsonl"
    file.write_text(json.dumps(batch))
    found = import_step(source("ms_swift", file), None, ProblemNames("x").of, Words())
    assert (found.report.rows, found.report.rollouts) == (4, 2)
    assert found.report.unusable == {"no response": 1, "a reward that is no finite number": 1}
    uneven = batch | {"step": 1, "completion": []}
    text = batch | {"completion": "hello"}
    odd = batch | {"right": [1.0] * 4, "completion": ["2", ["text"], "3", "4"]}
    file.write_text("\n".join(json.dumps(each) for each in (uneven, text, odd)))
    found = import_step(source("ms_swift", file), 1, ProblemNames("x").of, Words())
    assert (found.report.rows, found.report.rollouts) == (12, 3)
    assert found.report.unusable["a batch whose values are no lists of one length"] == 8


def test_a_row_that_does_not_say_its_step_belongs_to_none(tmp_path: Path) -> None:
    rows = [{"input": "1+1", "output": "2", "gts": "2", "score": 1.0, "step": s} for s in (5.0, 6)]
    rows += [rows[0] | {"step": None}, rows[0] | {"output": 1}]
    folder = tmp_path / "2024"
    folder.mkdir()
    (folder / "all.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\nno JSON\n")
    for step, spoilt in ((5, {"no response": 1}), (6, {})):
        found = import_step(source("verl", folder), step, ProblemNames("x").of, Words())
        assert found.report.rollouts == 1
        assert found.report.unusable == {"no step": 1, "a line that is no JSON": 1, **spoilt}
    # The file's name says it for a row that does not.
    (folder / "all.jsonl").rename(folder / "5.jsonl")
    found = import_step(source("verl", folder), 5, ProblemNames("x").of, Words())
    assert found.report.rollouts == 2


def test_a_response_longer_than_its_tokens_is_not_split(tmp_path: Path) -> None:
    first, *others = map(json.loads, (LOGS / "slime/rollout_5.jsonl").read_text().splitlines())
    spoilt = [first | {"response_length": n, "rollout_log_probs": None} for n in (-1, 10_000)]
    file = tmp_path / "rollout_5.jsonl"
    file.write_text("\n".join(map(json.dumps, [*others, *spoilt])))
    found = import_step(source("slime", file), None, ProblemNames("x").of, Words())
    assert found.report.unusable["a response length that does not fit the tokens"] == 2


def test_slime_s_files_say_the_step(tmp_path: Path) -> None:
    first, *_ = map(json.loads, (LOGS / "slime/rollout_5.jsonl").read_text().splitlines())
    kept = tmp_path / "blobs"
    kept.mkdir()
    for name in ("data_5", "data_6", "data_eval_5"):
        # As in a cache of a hub, whose files are links to names that say nothing.
        (kept / f"{name[0]}{name[-1]}").write_text(json.dumps(first | {"rollout_id": 17}))
        (tmp_path / f"{name}.jsonl").symlink_to(kept / f"{name[0]}{name[-1]}")
    found = import_step(source("slime", tmp_path), 6, ProblemNames("x").of, Words())
    assert (found.report.step, found.report.rows, found.report.rollouts) == (6, 1, 1)
    with pytest.raises(DataError, match="holds 2 steps"):
        import_step(source("slime", tmp_path), None, ProblemNames("x").of, Words())
    linked = import_step(
        source("slime", tmp_path / "data_6.jsonl"), 6, ProblemNames("x").of, Words()
    )
    assert linked.report.rollouts == 1


def test_a_trace_that_prime_rl_repeats_is_read_once(tmp_path: Path, reader: ModelTokens) -> None:
    log = (LOGS / "prime_rl/step_6/train/traces.jsonl").read_text()
    for kind in ("train/all", "train/effective", "eval/all", "eval/effective"):
        folder = tmp_path / f"rollouts/step_6/{kind}"
        folder.mkdir(parents=True)
        (folder / "traces.jsonl").write_text(log)
    for path in (tmp_path, tmp_path / "rollouts/step_6", folder / "traces.jsonl"):
        found = import_step(source("prime_rl", path), 6, ProblemNames("x").of, reader)
        assert (found.report.rows, found.report.largest_group) == (7, 3)


def test_a_log_that_names_no_step_has_none_to_choose() -> None:
    with pytest.raises(DataError, match="holds no step 99: it names none"):
        import_step(source("generic"), 99, ProblemNames("x").of, Words())

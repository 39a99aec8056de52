"""The judge against a real server: what it sends, what it believes, what it survives."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rlsd_pipeline import endpoint
from rlsd_pipeline.config.endpoint import JudgeConfig
from rlsd_pipeline.config.strict import validate
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.evaluation.judge import TAIL_CHARACTERS, Judge, parse, prompt
from rlsd_pipeline.evaluation.judge_cache import JudgeCache, Reading, content_key
from rlsd_pipeline.evaluation.scored import Scored
from schemas import Problem, Verdict

GOLD = "GOLD-7919"


class Server(ThreadingHTTPServer):
    """Answers with `reply`: a status, headers and a body; keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.reply: Callable[[int], tuple[int, dict[str, str], bytes]] = lambda _: says("")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, *_: object) -> None:
        """A client that hung up is what some of the tests are about."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((dict(self.headers), body))
        status, headers, content = self.server.reply(len(self.server.requests))
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


class Letters:
    """Reads nothing by itself; compares letters."""

    def extract(self, response: str, problem: Problem) -> str | None:
        return None

    def compare(self, answer: str, problem: Problem) -> tuple[Verdict, str | None]:
        if answer == "crash":
            raise RuntimeError(answer)
        if len(answer) != 1:
            return Verdict.UNPARSED, "no letter"
        right = answer == problem.attributes["letter"]
        return (Verdict.CORRECT if right else Verdict.INCORRECT), None


def says(text: str) -> tuple[int, dict[str, str], bytes]:
    reply = {"choices": [{"message": {"role": "assistant", "content": text}}]}
    return 200, {}, json.dumps(reply).encode()


def scored(
    name: str = "q", response: str = "I would take B", verdict: Verdict = Verdict.UNPARSED
) -> Scored:
    problem = Problem(
        problem_id=name,
        split="test",
        question="Which is red?",
        images=[],
        answer=GOLD,
        solution=f"It is {GOLD}",
        choices=["cube", "ball"],
        attributes={"letter": "B", "gold": GOLD},
    )
    return Scored(problem, 0, response, None, verdict)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(endpoint, "_PAUSE_SECONDS", 0.01)
    found = Server()
    threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02}).start()
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture
def judge(server: Server, tmp_path: Path) -> Callable[..., Judge]:
    def build(**settings: Any) -> Judge:
        declared = {"base_url": f"{server.url}/v1/", "model": "m", "timeout_seconds": 20}
        config = JudgeConfig.model_validate({**declared, **settings})
        return Judge(config, tmp_path / "judge")

    return build


def test_the_judge_reads_and_the_rule_compares(server: Server, judge: Callable[..., Judge]) -> None:
    server.reply = lambda _: says("<answer>B</answer>")
    rows = [
        scored("a", "surely the ball"),
        scored("b", "B", Verdict.CORRECT),
        scored("c", "A", Verdict.INCORRECT),
        scored("d", "so we get", Verdict.TRUNCATED),
        scored("e", "guessed")._replace(guessed=True),
        scored("f", " \n"),
    ]
    found = judge().review(rows, Letters())
    assert found.scored[0] == rows[0]._replace(extracted="B", verdict=Verdict.CORRECT)
    assert found.scored[1:] == rows[1:]
    assert (found.n_read, found.n_failed) == (1, 0)
    assert len(server.requests) == 1


def test_what_is_sent(
    server: Server, judge: Callable[..., Judge], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUDGE_KEY", "sk-secret")
    server.reply = lambda _: says("<answer>B</answer>")
    response = "beginning " + "x" * TAIL_CHARACTERS + "I settle on the ball \ud800\x00"
    judge(api_key_env="JUDGE_KEY", max_tokens=64).review([scored("a", response)], Letters())
    headers, body = server.requests[0]
    sent = json.loads(body)
    assert headers["Authorization"] == "Bearer sk-secret"
    assert (sent["model"], sent["temperature"], sent["max_tokens"]) == ("m", 0, 64)
    user = sent["messages"][1]["content"]
    assert "Which is red?" in user
    assert "(A) cube\n(B) ball" in user
    assert "I settle on the ball" in user
    assert "beginning" not in user
    assert GOLD.encode() not in body
    assert b"sk-secret" not in body


def test_no_key_no_header(server: Server, judge: Callable[..., Judge]) -> None:
    judge().review([scored()], Letters())
    assert "Authorization" not in server.requests[0][0]


def test_a_reading_is_asked_for_once(server: Server, judge: Callable[..., Judge]) -> None:
    server.reply = lambda _: says("<answer>B</answer>")
    rows = [scored("a"), scored("b"), scored("c", "another")]
    first = judge().review(rows, Letters())
    # The same question with the same response, under two ids.
    assert (len(server.requests), first.n_read) == (2, 3)
    again = judge().review(rows, Letters())
    assert (len(server.requests), again.n_read) == (2, 3)
    assert again.scored == first.scored
    judge(model="other").review(rows, Letters())
    assert len(server.requests) == 4


def test_a_response_without_an_answer_stays_unparsed(
    server: Server, judge: Callable[..., Judge]
) -> None:
    server.reply = lambda _: says("<answer> </answer>")
    found = judge().review([scored()], Letters())
    assert found.scored == [scored()]
    assert (found.n_read, found.n_failed) == (0, 0)
    judge().review([scored()], Letters())
    assert len(server.requests) == 1


@pytest.mark.parametrize("answer", ["neither of them", "crash"])
def test_a_reading_that_the_rule_cannot_use_changes_nothing(
    server: Server, judge: Callable[..., Judge], answer: str
) -> None:
    server.reply = lambda _: says(f"<answer>{answer}</answer>")
    found = judge().review([scored()], Letters())
    assert found.scored == [scored()]
    assert (found.n_read, found.n_failed) == (0, 0)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (says("It is B."), "a reply without an answer"),
        (says("<answer>B"), "a reply without an answer"),
        (says(f"<answer>{'B' * 2000}</answer>"), "an answer of more than 1,000 characters"),
        ((200, {}, b"<html>oops"), "a reply that is no chat completion"),
        ((200, {}, b"\xff\x00"), "a reply that is no chat completion"),
        ((200, {}, b"[" * 100_000), "a reply that is no chat completion"),
        ((200, {}, b'{"choices": []}'), "a reply that is no chat completion"),
        ((200, {}, b'{"choices": [{"message": {"content": null}}]}'), "a reply without text"),
        ((200, {}, b" " * (2 << 20)), "a reply of more than 1 MB"),
        ((200, {"Content-Length": "999"}, b"{}"), "connection failed: IncompleteRead"),
        ((401, {}, b""), "HTTP 401"),
        ((404, {}, b""), "HTTP 404"),
        ((500, {}, b""), "HTTP 500"),
    ],
)
def test_a_failure_leaves_the_verdict_and_is_counted(
    server: Server,
    judge: Callable[..., Judge],
    reply: tuple[int, dict[str, str], bytes],
    why: str,
) -> None:
    server.reply = lambda _: reply
    found = judge(retries=0).review([scored()], Letters())
    assert found.scored == [scored()]
    assert found.failures == {why: 1}
    assert (found.n_failed, found.n_read) == (1, 0)
    server.reply = lambda _: says("<answer>B</answer>")
    (after,) = judge().review([scored()], Letters()).scored
    assert after.verdict is Verdict.CORRECT


def test_a_slow_judge_times_out(server: Server, judge: Callable[..., Judge]) -> None:
    asked = threading.Event()

    def slowly(_: int) -> tuple[int, dict[str, str], bytes]:
        asked.wait(30)
        return says("<answer>B</answer>")

    server.reply = slowly
    started = time.monotonic()
    found = judge(timeout_seconds=0.5, retries=1).review([scored()], Letters())
    taken = time.monotonic() - started
    asked.set()
    assert taken < 20
    assert found.failures == {"timed out": 1}
    assert found.scored == [scored()]


@pytest.mark.parametrize(("status", "attempts"), [(500, 3), (429, 3), (503, 3), (400, 1)])
def test_only_passing_failures_are_tried_again(
    server: Server, judge: Callable[..., Judge], status: int, attempts: int
) -> None:
    server.reply = lambda n: (status, {}, b"") if n < 3 else says("<answer>B</answer>")
    found = judge(retries=2).review([scored()], Letters())
    assert len(server.requests) == attempts
    assert found.n_read == (attempts == 3)


def test_nobody_is_there(judge: Callable[..., Judge]) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as gone:
        port = gone.server_address[1]
    absent = judge(base_url=f"http://127.0.0.1:{port}/v1", retries=0, concurrency=1)
    found = absent.review([scored(f"q{i}", f"response {i}") for i in range(25)], Letters())
    assert found.failures == {
        "connection failed: ConnectionRefusedError": 20,
        "not asked after 20 failures in a row": 5,
    }


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    server: Server, judge: Callable[..., Judge], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUDGE_KEY", "sk-secret")
    elsewhere = {"Location": f"{server.url.replace('127.0.0.1', 'localhost')}/steal"}
    server.reply = lambda _: (status, elsewhere, b"")
    found = judge(api_key_env="JUDGE_KEY").review([scored()], Letters())
    assert found.failures == {f"HTTP {status}": 1}
    assert len(server.requests) == 1


def test_the_order_of_replies_does_not_matter(server: Server, judge: Callable[..., Judge]) -> None:
    def by_response(_: int) -> tuple[int, dict[str, str], bytes]:
        text = json.loads(server.requests[-1][1])["messages"][1]["content"]
        time.sleep(0.02 * (int(text[-13]) % 3))
        return says("<answer>A</answer>")

    server.reply = by_response
    rows = [scored(f"q{i}", f"response {i}") for i in range(8)]
    found = judge(concurrency=4).review(rows, Letters())
    assert [each.problem.problem_id for each in found.scored] == [f"q{i}" for i in range(8)]
    assert {each.verdict for each in found.scored} == {Verdict.INCORRECT}


def test_a_thinking_judge_is_read_at_its_end() -> None:
    assert parse("<think>is it <answer>A</answer>?</think><answer>\nB </answer>") == ("B",)
    assert parse(r"<answer>\frac{1}{2}</answer>") == (r"\frac{1}{2}",)
    assert parse("<answer></answer>") == (None,)


def test_an_open_question_shows_no_choices() -> None:
    problem = scored().problem.model_copy(update={"choices": []})
    assert "<choices>" not in prompt(problem, "five")


def test_choices_in_the_picture_are_not_listed() -> None:
    problem = scored().problem.model_copy(update={"choices": ["A", "B", "C"]})
    assert "<choices>" not in prompt(problem, "the second")
    problem = problem.model_copy(update={"choices": ["B", "A"]})
    assert "(A) B\n(B) A\n" in prompt(problem, "the second")


def test_the_cache_survives_damage(tmp_path: Path) -> None:
    cache, key = JudgeCache(tmp_path), content_key("m", ["a", "b"])
    assert cache.get(key) is None
    cache.put(key, Reading(None))
    assert cache.get(key) == Reading(None)
    cache.put(key, Reading("é \ud800"))
    assert cache.get(key) == Reading("é \ud800")
    [file] = [path for path in tmp_path.rglob("*") if path.is_file()]
    for text in ("", '{"answer": "B"}', '{"key": 1, "answer": 2}', "[]", '{"answer": '):
        file.write_text(text)
        assert cache.get(key) is None
    file.write_text(json.dumps({"key": key, "answer": 2}))
    assert cache.get(key) is None


def test_keys_tell_parts_apart() -> None:
    assert content_key("a", "bc") != content_key("ab", "c")
    assert content_key(["a"], "b") != content_key(["a", "b"])


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("file:///etc/passwd", "must be an http or https address"),
        ("localhost:8000/v1", "must be an http or https address"),
        ("https://", "must be an http or https address"),
        ("https://user:key@host/v1", "a key goes to api_key_env"),
        ("https://host/v1?key=1", "a key goes to api_key_env"),
    ],
)
def test_addresses_that_are_refused(url: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        validate(JudgeConfig, {"base_url": url, "model": "m"}, source="judge.yaml")


def test_a_missing_key_is_an_error_before_anything_is_sent(
    judge: Callable[..., Judge], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    with pytest.raises(ConfigError, match="environment variable JUDGE_KEY is not set"):
        judge(api_key_env="JUDGE_KEY")
    monkeypatch.setenv("JUDGE_KEY", "a\nb")
    with pytest.raises(ConfigError, match="no HTTP header"):
        judge(api_key_env="JUDGE_KEY")

"""Continuing from states: sampled in parts that each stay, and rewarded as rollouts are."""

import hashlib
import json
import random
import time
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from rlsd_pipeline.artifacts import Artifact, ArtifactRequest
from rlsd_pipeline.artifacts.tables import rows, to_table
from rlsd_pipeline.components.component import identity
from rlsd_pipeline.components.guarded import guarded
from rlsd_pipeline.credit.states import State
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.models.model_inputs import with_more_tokens
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.rewards.parts import rewarded
from rlsd_pipeline.rewards.reward_function import Response
from rlsd_pipeline.rollouts.engine import Completion, SamplingRequest
from rlsd_pipeline.rollouts.kept import sample_part
from rlsd_pipeline.stages.iteration.prompts import student_prompt
from rlsd_pipeline.stages.iteration.rewards import verify
from rlsd_pipeline.stages.run import StageRun
from schemas import FinishReason, StateRewards

_STAGE = "token_values.part"


class Continuations:
    """The continuations of one place's states.

    Args:
        run: Where.
        problems: The artifact of the problems.
        policy: The artifact of the policy that continues.

    Attributes:
        reused: Parts that an earlier call left.
    """

    def __init__(self, run: StageRun, problems: Artifact, policy: Artifact) -> None:
        self.run, self.reused = run, 0
        self._inputs = {"problems": problems, "policy": policy}
        self._known = run.workspace.problems(problems)
        self._policy: Policy = run.workspace.compute.reader(policy)
        self._prompts: dict[str, EncodedPrompt] = {}
        self._judged: dict[tuple[str, tuple[int, ...], bool], Response] = {}

    def rewards(self, states: Sequence[State]) -> list[StateRewards]:
        """What continuing from each state came to, in the order of the states.

        Every part is an artifact of its own, so that an interruption costs one part.
        """
        run, size = self.run, self.run.experiment.engine.batch_prompts
        # States of one length go on equally long, so a batch of them wastes the least.
        order = sorted(range(len(states)), key=lambda index: len(states[index].prefix))
        parts = [order[start : start + size] for start in range(0, len(order), size)]
        found: dict[int, StateRewards] = {}
        missing = []
        run.workspace.progress.start("token_values", len(states), "states")
        for part in parts:
            kept = self._kept([states[index] for index in part])
            if kept is None:
                missing.append(part)
            else:
                self.reused += 1
                found |= self._read(part, kept)
        tokens, started = 0, time.perf_counter()
        for part, sampled in zip(missing, self._sampled(states, missing), strict=True):
            records = self._rewarded_part([states[index] for index in part], sampled)
            found |= self._read(part, self._keep([states[index] for index in part], records))
            tokens += sum(one.sampled_tokens for one in records)
            rate = tokens / (time.perf_counter() - started)
            run.workspace.progress.metric("tokens a second", rate)
        return [found[index] for index in range(len(states))]

    def _read(self, part: Sequence[int], kept: Artifact) -> dict[int, StateRewards]:
        self.run.workspace.progress.advance(len(part))
        records = rows(StateRewards, kept.table(StateRewards))
        return dict(zip(part, records, strict=True))

    def _kept(self, states: Sequence[State]) -> Artifact | None:
        if self.run.recompute:
            return None
        return self.run.workspace.store.find(_STAGE, self._request(states).fingerprint)

    def _keep(self, states: Sequence[State], records: Sequence[StateRewards]) -> Artifact:
        columns = {
            name: [getattr(record, name) for record in records]
            for name in StateRewards.model_fields
        }
        table = to_table(StateRewards, columns)
        return self.run.workspace.store.produce(
            self._request(states),
            lambda out: out.table(StateRewards, table),
            recompute=self.run.recompute,
        )

    def _request(self, states: Sequence[State]) -> ArtifactRequest:
        experiment, sampling = self.run.experiment, self.run.experiment.sampling
        asked = json.dumps([[state.problem_id, *state.prefix] for state in states])
        return ArtifactRequest(
            stage=_STAGE,
            code_version="1",
            config={
                **identity(experiment, "verifier", "reward", "prompts"),
                "states": hashlib.sha256(asked.encode()).hexdigest(),
                "continuations": experiment.token_values.continuations,
                "engine": experiment.engine.identity,
                "temperature": sampling.temperature,
                "max_tokens": sampling.max_tokens,
            },
            inputs={name: artifact.digest for name, artifact in self._inputs.items()},
            seeds={"arm": self.run.arm.seed, "iteration": self.run.iteration},
        )

    def _sampled(
        self, states: Sequence[State], parts: Sequence[Sequence[int]]
    ) -> Iterator[list[Completion]]:
        experiment = self.run.experiment
        requests = [self._asked([states[index] for index in part]) for part in parts]
        work = partial(sample_part, experiment.engine)
        return self.run.workspace.compute.each(
            self._inputs["policy"], work, requests, lambda _: None
        )

    def _asked(self, states: Sequence[State]) -> SamplingRequest:
        """Each state as a prompt; what goes beyond its budget is cut afterwards."""
        sampling = self.run.experiment.sampling
        shortest = min(len(state.prefix) for state in states)
        seed = f"token_values/{self.run.arm.seed}/{self.run.iteration}"
        return SamplingRequest(
            prompts=[self._prompt(state) for state in states],
            keys=[f"{state.problem_id}/{state_digest(state)}" for state in states],
            group_size=self.run.experiment.token_values.continuations,
            max_tokens=sampling.max_tokens - shortest,
            temperature=sampling.temperature,
            seed=random.Random(seed).getrandbits(62),
        )

    def _prompt(self, state: State) -> EncodedPrompt:
        """The problem's prompt with the response's first tokens behind it."""
        if state.problem_id not in self._prompts:
            problem = self._known[state.problem_id]
            encoded = student_prompt(self.run.experiment, self._policy, problem)
            self._prompts[state.problem_id] = encoded
        prompt = self._prompts[state.problem_id]
        tokens, more = len(prompt.prompt_ids), len(state.prefix)
        return prompt._replace(
            prompt_ids=[*prompt.prompt_ids, *state.prefix],
            inputs=with_more_tokens(prompt.inputs, tokens, more) if more else prompt.inputs,
            short_ids=[*prompt.short_ids, *state.prefix] if prompt.short_ids else (),
        )

    def _rewarded_part(
        self, states: Sequence[State], sampled: Sequence[Completion]
    ) -> list[StateRewards]:
        count = self.run.experiment.token_values.continuations
        return [
            self._rewarded_state(state, sampled[index * count : (index + 1) * count])
            for index, state in enumerate(states)
        ]

    def _rewarded_state(self, state: State, sampled: Sequence[Completion]) -> StateRewards:
        """The continuations of a state are a group to the parts of a reward that compare."""
        budget = self.run.experiment.sampling.max_tokens - len(state.prefix)
        responses = [self._response(state, completion, budget) for completion in sampled]
        groups = Groups([state.problem_id] * len(responses))
        rewards = rewarded(self.run.experiment.reward, responses, groups).rewards
        half = len(rewards) // 2
        return StateRewards(
            problem_id=state.problem_id,
            state=state_digest(state),
            prefix_ids=list(state.prefix),
            first_rewards=[reward for reward in rewards[:half] if reward is not None],
            second_rewards=[reward for reward in rewards[half:] if reward is not None],
            sampled_tokens=sum(min(len(one.completion_ids), budget) for one in sampled),
        )

    def _response(self, state: State, completion: Completion, budget: int) -> Response:
        """The whole response with its verdict; the same response is judged once."""
        ids = (*state.prefix, *completion.completion_ids[:budget])
        over = len(completion.completion_ids) > budget
        cut = over or completion.finish_reason == FinishReason.LENGTH
        key = (state.problem_id, ids, cut)
        if key not in self._judged:
            self._judged[key] = self._judge(*key)
        return self._judged[key]

    def _judge(self, problem_id: str, ids: tuple[int, ...], cut: bool) -> Response:
        workspace, problem = self.run.workspace, self._known[problem_id]
        text = self._policy.turn(ids).text
        verification = verify(workspace, text, problem, cut=cut)
        with guarded(workspace.verifier, f"problem {problem_id}"):
            format_ok = workspace.verifier.format_ok(text)
        return Response(
            problem=problem,
            completion=text,
            completion_ids=np.array(ids, dtype=np.int32),
            finish_reason=FinishReason.LENGTH if cut else FinishReason.STOP,
            verdict=verification.verdict,
            extracted=verification.extracted,
            format_ok=format_ok,
            max_tokens=self.run.experiment.sampling.max_tokens,
        )


def state_digest(state: State) -> str:
    """A name of the response's first tokens."""
    return hashlib.sha256(json.dumps(state.prefix).encode()).hexdigest()[:32]

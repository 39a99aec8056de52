"""Continuations of states: sampled and stored part by part, and rewarded as rollouts are."""

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
from rlsd_pipeline.credit.states import State
from rlsd_pipeline.groups import Groups
from rlsd_pipeline.models.model_inputs import with_more_tokens
from rlsd_pipeline.models.policy import EncodedPrompt, Policy
from rlsd_pipeline.rewards.parts import rewarded
from rlsd_pipeline.rewards.reward_function import Response
from rlsd_pipeline.rollouts.engine import Completion, SamplingRequest
from rlsd_pipeline.rollouts.kept import sample_part
from rlsd_pipeline.stages.comparison.token_values import TokenValuesStage
from rlsd_pipeline.stages.iteration.prompts import student_prompt
from rlsd_pipeline.stages.iteration.rewards import as_response, verify
from rlsd_pipeline.stages.workspace import StageRun
from schemas import FinishReason, StateRewards

_STAGE = "token_values.part"
_STATES = 64
"""Continued together, whatever the size of a batch of prompts: in another batch sums round in
another way, and of a million draws one or two come out otherwise."""


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
        """The rewards of each state's continuations, in the order of the states.

        Every part is an artifact of its own, so that an interruption costs one part.
        """
        run = self.run
        # The states of one problem share their prompt.
        groups = Groups([state.problem_id for state in states])
        ordered = [states[row] for rows in groups.members for row in rows]
        parts = [ordered[at : at + _STATES] for at in range(0, len(ordered), _STATES)]
        requests = [self._request(part) for part in parts]
        store, progress = run.workspace.store, run.workspace.progress
        kept = [None if run.recompute else store.find(r.stage, r.fingerprint) for r in requests]
        missing = [part for part, artifact in zip(parts, kept, strict=True) if artifact is None]
        self.reused = len(parts) - len(missing)
        # Without those that are kept, which would make the time left too short.
        progress.start("token_values", sum(map(len, missing)), "states")
        sampled, started, tokens = self._sampled(missing), time.perf_counter(), 0
        found: dict[State, StateRewards] = {}
        for part, request, artifact in zip(parts, requests, kept, strict=True):
            if artifact is None:
                records = self._rewarded_part(part, next(sampled))
                artifact = self._keep(request, records)
                tokens += sum(one.sampled_tokens for one in records)
                progress.metric("tokens/s", round(tokens / (time.perf_counter() - started)))
                progress.advance(len(part))
            read = rows(StateRewards, artifact.table(StateRewards))
            found |= zip(part, read, strict=True)
        return [found[state] for state in states]

    def _keep(self, request: ArtifactRequest, records: Sequence[StateRewards]) -> Artifact:
        columns = {
            name: [getattr(record, name) for record in records]
            for name in StateRewards.model_fields
        }
        table = to_table(StateRewards, columns)
        return self.run.workspace.store.produce(
            request,
            lambda out: out.table(StateRewards, table),
            recompute=self.run.recompute,
        )

    def _request(self, states: Sequence[State]) -> ArtifactRequest:
        run, stage = self.run, self.run.stage(TokenValuesStage)
        asked = json.dumps([[state.problem_id, *state.prefix] for state in states])
        return ArtifactRequest(
            stage=_STAGE,
            code_version=TokenValuesStage.version,
            config={
                **identity(run.experiment, "verifier", "reward", "prompts"),
                **stage.settings(run),
                "states": hashlib.sha256(asked.encode()).hexdigest(),
                "continuations": run.arm.token_values.continuations,
            },
            inputs={name: artifact.digest for name, artifact in self._inputs.items()},
            seeds=stage.seeds(run),
        )

    def _sampled(self, parts: Sequence[Sequence[State]]) -> Iterator[list[Completion]]:
        work = partial(sample_part, self.run.experiment.engine)
        requests = [self._asked(part) for part in parts]
        return self.run.workspace.compute.each(
            self._inputs["policy"], work, requests, lambda _: None
        )

    def _asked(self, states: Sequence[State]) -> SamplingRequest:
        """Each state as a prompt that a response has begun behind."""
        sampling = self.run.experiment.sampling
        seed = f"token_values/{self.run.arm.seed}/{self.run.iteration}"
        return SamplingRequest(
            prompts=[self._prompt(state) for state in states],
            keys=[f"{state.problem_id}/{state_digest(state)}" for state in states],
            group_size=self.run.arm.token_values.continuations,
            max_tokens=sampling.max_tokens,
            temperature=sampling.temperature,
            seed=random.Random(seed).getrandbits(62),
            begun=[len(state.prefix) for state in states],
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
        count = self.run.arm.token_values.continuations
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
        reason = FinishReason.LENGTH if cut else FinishReason.STOP
        tokens = np.array(ids, dtype=np.int32)
        return as_response(workspace, problem, text, tokens, reason, verification)


def state_digest(state: State) -> str:
    """A name of the response's first tokens."""
    return hashlib.sha256(json.dumps(state.prefix).encode()).hexdigest()[:32]

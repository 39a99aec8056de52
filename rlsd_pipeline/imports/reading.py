"""Assigns the rows of a log to an experiment's tokens and problems."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rlsd_pipeline.config.model import GGUFModel, PretrainedModel
from rlsd_pipeline.imports.row import SampledRow, UnusableError
from rlsd_pipeline.imports.tokens import ModelTokens, TokenReader, Words

if TYPE_CHECKING:
    from rlsd_pipeline.models.response_text import ResponseText
    from rlsd_pipeline.stages.workspace import StageRun
    from schemas import Problem


def token_reader(run: StageRun, tokens: str) -> TokenReader:
    """The reader that converts rows to tokens: words, or the tokens of the experiment's model.

    Raises:
        ModelError: There is no such model.
        ArtifactError: The model is one that this pipeline makes, and has not been made.
    """
    if tokens == "words":
        return Words()
    processor, text = _processor(run)
    return ModelTokens(processor, text, run.experiment.sampling.max_tokens)


def _processor(run: StageRun) -> tuple[Any, ResponseText]:
    """The tokenizer or processor of the model; no weights are loaded where they need not be."""
    from rlsd_pipeline.identity.models import pinned
    from rlsd_pipeline.models.chat import Chat
    from rlsd_pipeline.models.response_text import ResponseText

    model = pinned(run.base_model)
    match model:
        case PretrainedModel():
            from rlsd_pipeline.models.loading import load_processor

            processor = load_processor(
                model.name, revision=model.revision, trust_remote_code=model.trust_remote_code
            )
            ends = _end_token_ids(model)
        case GGUFModel():
            from rlsd_pipeline.models.gguf import gguf_tokenizer

            processor, ends = gguf_tokenizer(model), set()
        case _:
            policy = run.workspace.compute.reader(run.read("policy", 0))
            processor, ends = policy.processor, set(policy.end_token_ids)
    tokenizer = getattr(processor, "tokenizer", processor)
    ends.add(tokenizer.eos_token_id)
    return processor, ResponseText(tokenizer, Chat(processor), sorted(ends))


def _end_token_ids(model: PretrainedModel) -> set[int]:
    """The end tokens that the model's generation settings name, where it has any."""
    from transformers import GenerationConfig

    try:
        ends = GenerationConfig.from_pretrained(model.name, revision=model.revision).eos_token_id
    except OSError:
        return set()
    return set(ends if isinstance(ends, list) else [ends]) - {None}


class KnownProblems:
    """The problems of a data set, found by what a log says was asked.

    Args:
        problems: All of the data set.
        prompts: Problem id -> what the student is asked, in words.
        reader: Takes a chat template off a prompt.
        held_out: Problems that no trainer may have learnt from.
    """

    def __init__(
        self,
        problems: Sequence[Problem],
        prompts: Mapping[str, str],
        reader: TokenReader,
        held_out: Collection[str],
    ) -> None:
        self._reader = reader
        self._by_text: dict[str, list[str]] = {}
        self._answers = {problem.problem_id: problem.answer for problem in problems}
        self._held_out = held_out
        for problem in problems:
            for text in {problem.question.strip(), prompts[problem.problem_id].strip()}:
                self._by_text.setdefault(text, []).append(problem.problem_id)

    def of(self, row: SampledRow) -> str:
        """The problem that a row answers.

        Raises:
            UnusableError: No problem has this prompt, or several have.
        """
        found = self._by_text.get(self._reader.question(row).strip(), [])
        if len(found) > 1 and row.answer is not None:
            found = [name for name in found if self._answers[name] == row.answer]
        if not found:
            raise UnusableError("a prompt that is no problem of the data set")
        if len(found) > 1:
            raise UnusableError("a prompt that several problems of the data set share")
        if found[0] in self._held_out:
            raise UnusableError("a prompt that the data set holds out")
        return found[0]

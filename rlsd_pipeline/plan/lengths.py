"""The lengths of an experiment's own prompts, where they can be read without a download."""

from dataclasses import dataclass

from huggingface_hub import try_to_load_from_cache
from transformers import AutoConfig

from rlsd_pipeline.config.experiment import ExperimentConfig
from rlsd_pipeline.config.model import GGUFModel, PretrainedModel, TinyQwen3VL
from rlsd_pipeline.config.paths import local_path
from rlsd_pipeline.errors import RlsdError
from rlsd_pipeline.models.policy import Policy
from rlsd_pipeline.plan.architecture import on_meta
from schemas import Problem

_MOST_BYTES = 2**28
"""Largest data set that is read for its lengths, in bytes."""

_SAMPLED = 256
"""Problems whose prompts are encoded for the mean, evenly spread, and for the longest one."""


@dataclass(frozen=True)
class PromptLengths:
    """The student's prompts of the problems to learn from, in tokens with their images.

    Attributes:
        mean: Over problems spread evenly.
        image: Tokens of images among them.
        longest: Longest prompt of the problems that take most characters and bytes of images.
    """

    mean: int
    image: int
    longest: int


def with_data_lengths(experiment: ExperimentConfig) -> ExperimentConfig:
    """The experiment with its data's own lengths in place of the longest that it allows.

    What its `assumptions` declare stays, and nothing changes where the data cannot be read here.
    """
    found = prompt_lengths(experiment)
    if found is None:
        return experiment
    sampling, expected = experiment.sampling, experiment.assumptions
    measured = {"prompt_tokens": found.mean, "image_tokens": found.image}
    undeclared = {k: v for k, v in measured.items() if k not in expected.model_fields_set}
    longest = min(found.longest, sampling.max_prompt_tokens)
    return experiment.model_copy(
        update={
            "sampling": sampling.model_copy(update={"max_prompt_tokens": longest}),
            "assumptions": expected.model_copy(update=undeclared),
        }
    )


def prompt_lengths(experiment: ExperimentConfig) -> PromptLengths | None:
    """Measured with the model's own tokenizer; None where data or tokenizer are not at hand.

    What is wrong with either is for training to say.
    """
    try:
        size = experiment.dataset.bytes_to_read
        if size is None or size > _MOST_BYTES or (reader := _reader(experiment)) is None:
            return None
        return _measure(experiment, reader)
    except (RlsdError, OSError, ValueError):
        return None


def _measure(experiment: ExperimentConfig, reader: Policy) -> PromptLengths | None:
    from rlsd_pipeline.data.reading import read_problems
    from rlsd_pipeline.stages.iteration.prompts import student_prompt

    problems = [each for each in read_problems(experiment.dataset) if each.split == "train"]
    if not problems:
        return None
    step = max(1, len(problems) // _SAMPLED)
    spread = [student_prompt(experiment, reader, problem) for problem in problems[::step]]
    largest = sorted(problems, key=_size)[-_SAMPLED:]
    sizes = [len(student_prompt(experiment, reader, each).prompt_ids) for each in largest]
    lengths = [len(prompt.prompt_ids) for prompt in spread]
    images = [prompt.image_tokens for prompt in spread]
    return PromptLengths(
        mean=round(sum(lengths) / len(lengths)),
        image=round(sum(images) / len(images)),
        longest=max(*lengths, *sizes),
    )


def _size(problem: Problem) -> int:
    return len(problem.question) + sum(map(len, problem.images))


def _reader(experiment: ExperimentConfig) -> Policy | None:
    """The policy without its weights, which encodes prompts."""
    model = experiment.model
    match model:
        case TinyQwen3VL():
            from rlsd_pipeline.models.tiny_qwen3_vl import build_policy
            from rlsd_pipeline.models.warm_start import learn_tokenizer

            shown = experiment.dataset.demonstrations()
            if shown is None:
                return None
            return build_policy(model, learn_tokenizer(model, experiment.prompts, shown))
        case PretrainedModel():
            return _pretrained(model)
        case GGUFModel():
            from rlsd_pipeline.models.gguf import gguf_tokenizer
            from rlsd_pipeline.models.gguf_file import gguf_path

            path = gguf_path(model)
            config = AutoConfig.from_pretrained(path.parent, gguf_file=path.name)
            return Policy(on_meta(config), gguf_tokenizer(model))


def _pretrained(model: PretrainedModel) -> Policy | None:
    from rlsd_pipeline.models.loading import bound_pixels, load_processor

    origin = {"revision": model.revision, "trust_remote_code": model.trust_remote_code}
    if local_path(model.name) is None:
        file = try_to_load_from_cache(model.name, "tokenizer_config.json", revision=model.revision)
        if not isinstance(file, str):
            return None
    processor = load_processor(model.name, **origin)  # type: ignore[arg-type]
    config = AutoConfig.from_pretrained(model.name, **origin)
    policy = Policy(on_meta(config, model.trust_remote_code), processor)
    bound_pixels(policy, model.min_pixels, model.max_pixels)
    return policy

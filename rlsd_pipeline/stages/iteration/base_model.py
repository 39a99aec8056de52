"""The base model of an arm: loaded or warm-started, and refused if it cannot be trained."""

from rlsd_pipeline.artifacts import ArtifactWriter
from rlsd_pipeline.config.model import AnyModel, GGUFModel, PretrainedModel, TinyQwen3VL
from rlsd_pipeline.errors import ConfigError
from rlsd_pipeline.identity.models import pinned
from rlsd_pipeline.models.policy import Policy, require_system
from rlsd_pipeline.models.sharing import images_by_row
from rlsd_pipeline.models.soundness import require_sound
from rlsd_pipeline.models.trial import require_agreement
from rlsd_pipeline.plan.refusal import require_hardware
from rlsd_pipeline.stages.workspace import StageRun
from schemas import PolicyCheckpoint


def write_base(run: StageRun, model: AnyModel, out: ArtifactWriter) -> None:
    """Load or warm-start a model and write it.

    Raises:
        ConfigError: The experiment is declared for other hardware than this, or fits on none, or
            the model cannot be trained by several processes.
        ModelError: There is no such model, or it cannot answer: it has weights that are no
            numbers, a tokenizer with more tokens than its embedding has rows, or it is run
            otherwise here than by transformers.
    """
    require_hardware(run.workspace.name, run.experiment)
    policy = _policy(run, pinned(model))
    require_sound(policy, _name(model))
    require_agreement(policy, _name(model))
    _require_one_process(run, policy, _name(model))
    if run.experiment.prompts.system is not None:
        require_system(policy.processor, run.experiment.prompts.system)
    files = policy.save(out.path("config.json").parent)
    out.record(
        PolicyCheckpoint(
            updates=0,
            parent=None,
            architecture=type(policy.model).__name__,
            parameters=policy.model.num_parameters(),
            metrics={},
            model_files=files,
            optimizer_files=[],
        )
    )


def check_model(model: AnyModel, system: str | None = None) -> None:
    """Refuse, before anything is computed, a model that could not answer.

    Args:
        model: As declared.
        system: The system message that it is to take.

    Raises:
        ConfigError: The commit of a hub id cannot be found out.
        ModelError: There is no such model, its tokenizer lacks a chat template or an end token, or
            its chat template takes no system message.
    """
    model = pinned(model)
    match model:
        case PretrainedModel():
            from rlsd_pipeline.models.loading import load_processor

            processor = load_processor(
                model.name, revision=model.revision, trust_remote_code=model.trust_remote_code
            )
        case GGUFModel():
            from rlsd_pipeline.models.gguf import gguf_tokenizer

            processor = gguf_tokenizer(model)
        case TinyQwen3VL():
            return
    if system is not None:
        require_system(processor, system)


def _require_one_process(run: StageRun, policy: Policy, name: str) -> None:
    """Processes of a sharded update run as many passes, and these rows run by their images."""
    compute = run.experiment.compute
    if compute.sharded and images_by_row(policy.model):
        raise ConfigError(
            f"compute is `{compute.type}`, and the model {name} "
            f"({type(policy.model).__name__}) reads images by cross-attention, which only one "
            "process can train: declare `compute: {type: local}`"
        )


def _name(model: AnyModel) -> str:
    match model:
        case PretrainedModel():
            return model.name
        case GGUFModel():
            return model.path or f"the package {model.package}"
        case TinyQwen3VL():
            return model.type


def _policy(run: StageRun, model: AnyModel) -> Policy:
    match model:
        case TinyQwen3VL():
            return _warm_started(run, model)
        case PretrainedModel():
            return _pretrained(model)
        case GGUFModel():
            from rlsd_pipeline.models.gguf import load_gguf

            return load_gguf(model)


def _warm_started(run: StageRun, model: TinyQwen3VL) -> Policy:
    from rlsd_pipeline.models.warm_start import warm_start

    demonstrations = run.experiment.dataset.demonstrations()
    assert demonstrations is not None, "an experiment with this model declares such a data set"
    progress = run.workspace.progress
    progress.start("policy (warm start)", model.warm_start.steps, "steps")

    def report(step: int, loss: float) -> None:
        progress.advance(1)
        progress.metric("loss", loss)

    return warm_start(model, run.experiment.prompts, demonstrations, report)


def _pretrained(model: PretrainedModel) -> Policy:
    import torch

    from rlsd_pipeline.models.loading import bound_pixels, load_policy

    policy = load_policy(
        model.name,
        dtype=getattr(torch, model.dtype),
        revision=model.revision,
        trust_remote_code=model.trust_remote_code,
    )
    bound_pixels(policy, model.min_pixels, model.max_pixels)
    return policy

"""A family that cannot be trained is refused at `policy`, by name and with the reason."""

from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import BartConfig, DistilBertConfig, PretrainedConfig, T5Config

from rlsd_pipeline.config.model import PretrainedModel
from rlsd_pipeline.errors import ModelError, RlsdError
from rlsd_pipeline.stages.iteration.base_model import check_model
from rlsd_pipeline.stages.iteration.policy import PolicyStage
from rlsd_pipeline.stages.workspace import Workspace
from tests.families.families import Family
from tests.families.mllama import mllama
from tests.families.other_vision import gemma3
from tests.families.tokenizers import family_tokenizer

Open = Callable[..., Workspace]


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (T5Config(), "family t5, which is an encoder-decoder"),
        (BartConfig(), "family bart, which is an encoder-decoder"),
        (DistilBertConfig(), "family distilbert, which has no model"),
    ],
)
def test_a_family_is_known_by_its_configuration(
    config: PretrainedConfig, reason: str, tmp_path: Path
) -> None:
    config.save_pretrained(tmp_path)
    family_tokenizer().save_pretrained(tmp_path)
    model = PretrainedModel(name=str(tmp_path))
    with pytest.raises(ModelError, match=reason):
        check_model(model)


def _refused(family: Family, workspace: Workspace, folder: Path) -> str:
    family.policy().save(folder)
    run = workspace.at("rlsd-s0", 0)
    with pytest.raises(RlsdError) as error:
        run.make(PolicyStage)
    assert workspace.store.ref(run.reference("policy")) is None
    assert folder.name in str(error.value)
    return str(error.value)


def test_mllama_by_several_processes(workspace_at: Open, tmp_path: Path) -> None:
    folder = tmp_path / "my-model"
    folder.mkdir()
    workspace = workspace_at(
        tmp_path / "store",
        model={"type": "pretrained", "name": str(folder)},
        compute={"type": "torchrun"},
    )
    message = _refused(Family("Mllama", mllama), workspace, folder)
    assert "(MllamaForConditionalGeneration) reads images by cross-attention" in message


def test_a_processor_that_makes_more_tokens_than_the_model_has_features(
    workspace_at: Open, tmp_path: Path
) -> None:
    def mismatched() -> tuple[object, object]:
        model, processor = gemma3()
        model.config.mm_tokens_per_image = 1
        return model, processor

    folder = tmp_path / "my-model"
    folder.mkdir()
    workspace = workspace_at(tmp_path / "store", model={"type": "pretrained", "name": str(folder)})
    message = _refused(Family("Gemma 3", mismatched), workspace, folder)
    assert "(Gemma3ForConditionalGeneration) cannot be put a question with an image" in message

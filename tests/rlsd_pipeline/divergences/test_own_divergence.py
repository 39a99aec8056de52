"""A divergence of a user's own: its own formula, its stream, and its mistakes."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from pydantic import TypeAdapter

from rlsd_pipeline.compute.job import UpdateJob, read_job
from rlsd_pipeline.config.update import UpdateConfig
from rlsd_pipeline.divergences import DIVERGENCES, DivergenceConfig
from rlsd_pipeline.divergences.divergence import Divergence, StoredDivergence
from rlsd_pipeline.divergences.jsd import JSD
from rlsd_pipeline.errors import ComponentError
from rlsd_pipeline.models.logprobs import on_support
from rlsd_pipeline.update.divergence import token_divergence
from rlsd_pipeline.weighting.opsd import OPSD
from rlsd_pipeline.weighting.sdpo import SDPO

OWN = '''\
from typing import Annotated

from pydantic import Field

from rlsd_pipeline.divergences.divergence import Divergence, StoredDivergence


class Skewed(StoredDivergence):
    """KL of the teacher from a mixture that holds this much of it."""

    skew: Annotated[float, Field(gt=0, lt=1)] = 0.1

    def entries(self, teacher, student):
        mixture = self.skew * teacher.exp() + (1 - self.skew) * student.exp()
        return teacher.exp() * (teacher - mixture.log())


class Summed(StoredDivergence):
    def entries(self, teacher, student):
        return (teacher.exp() * (teacher - student)).sum(-1)


class Broken(StoredDivergence):
    def entries(self, teacher, student):
        return teacher @ student


class Formless(Divergence):
    """Neither a formula nor a stream."""
'''


@pytest.fixture
def declared(tmp_path: Path) -> Callable[..., StoredDivergence]:
    """A divergence of a file beside the YAML, by the name of its class."""
    (tmp_path / "divergence.py").write_text(OWN)

    def declared(name: str, **settings: float) -> StoredDivergence:
        place = {"type": f"./divergence.py:{name}", **settings}
        return TypeAdapter(DivergenceConfig).validate_python(place, context={"folder": tmp_path})

    return declared


def test_every_file_of_the_folder_holds_one() -> None:
    names = [divergence.model_fields["type"].default for divergence in DIVERGENCES]
    assert names == ["forward_kl", "jsd", "reverse_kl", "sampled"]


def test_it_is_computed_by_its_own_formula(declared: Callable[..., StoredDivergence]) -> None:
    teacher, student = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.25, 0.75]]).log()
    kept = on_support(teacher, torch.tensor([[0, 1]]))
    # M = (0.3, 0.7) for 1/5 of the teacher: 1/2 ln(5/3) + 1/2 ln(5/7).
    found = token_divergence(declared("Skewed", skew=0.2), kept, student)
    assert found.tolist() == pytest.approx([0.0871767], abs=1e-6)
    # Of its entries 0.2554128 and -0.1682361, the first is cut.
    cut = token_divergence(declared("Skewed", skew=0.2, entry_clip=0.2), kept, student)
    assert cut.tolist() == pytest.approx([0.0317639], abs=1e-6)


def test_a_method_asks_for_its_distribution(declared: Callable[..., StoredDivergence]) -> None:
    skewed = declared("Skewed", top_k=7)
    assert OPSD(divergence=skewed).stored_divergence == skewed
    streams = skewed.streams(torch.tensor([1.0, 0.5]), torch.tensor([3.0, 3.0]))
    assert streams.distillation_weights is not None
    assert streams.distillation_weights.tolist() == [1.0, 0.5]
    assert streams.token_advantages is None
    # As of the built-in ones, SDPO keeps the student's entries unless told otherwise.
    over = SDPO.model_validate({"divergence": skewed}).stored_divergence
    assert over == declared("Skewed", top_k=7, support="student")  # type: ignore[arg-type]


def test_one_without_a_formula_is_refused(declared: Callable[..., StoredDivergence]) -> None:
    with pytest.raises(
        ValueError, match=r"Formless lacks streams: define what .*Divergence requires"
    ):
        declared("Formless")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "Summed",
            r"`divergence.py:Summed`, 2 tokens: `entries` gave \[2\] .*.py, line 19\)",
        ),
        ("Broken", r"`divergence.py:Broken`, 2 tokens: RuntimeError.*divergence.py, line 25"),
    ],
)
def test_its_mistake_is_one_message(
    declared: Callable[..., StoredDivergence], name: str, said: str
) -> None:
    logits = torch.zeros(2, 3)
    kept = on_support(logits, torch.tensor([[0, 1], [0, 1]]))
    with pytest.raises(ComponentError, match=said):
        token_divergence(declared(name), kept, logits)


@pytest.mark.parametrize("kept", [None, "own", "built_in"])
def test_a_job_carries_it_with_its_code(
    declared: Callable[..., StoredDivergence], tmp_path: Path, kept: str | None
) -> None:
    one: dict[str | None, Divergence | None]
    one = {None: None, "own": declared("Skewed", skew=0.3), "built_in": JSD(beta=0.3, top_k=None)}
    job = UpdateJob(update=UpdateConfig(), divergence=one[kept], temperature=1.0, seed=0)
    (tmp_path / "job.json").write_text(job.model_dump_json())
    (tmp_path / "divergence.py").unlink()
    assert read_job(tmp_path) == job

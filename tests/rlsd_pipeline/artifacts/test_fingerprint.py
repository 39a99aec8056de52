import math

import pytest

from rlsd_pipeline.artifacts import ArtifactRequest, content_digest, fingerprint
from rlsd_pipeline.errors import ConfigError

BASE = ArtifactRequest("rollouts", "1", {"a": 1, "b": [0.5]}, {"policy": "x"}, {"sampling": 0})


def test_the_order_of_keys_does_not_matter() -> None:
    one, other = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    assert fingerprint("rollouts", "1", one, {}) == fingerprint("rollouts", "1", other, {})


@pytest.mark.parametrize(
    "other",
    [
        ArtifactRequest("rewards", "1", BASE.config, BASE.inputs, BASE.seeds),
        ArtifactRequest("rollouts", "2", BASE.config, BASE.inputs, BASE.seeds),
        ArtifactRequest("rollouts", "1", {"a": 2, "b": [0.5]}, BASE.inputs, BASE.seeds),
        ArtifactRequest("rollouts", "1", BASE.config, {"policy": "y"}, BASE.seeds),
        ArtifactRequest("rollouts", "1", BASE.config, BASE.inputs, {"sampling": 1}),
    ],
)
def test_everything_that_goes_in_matters(other: ArtifactRequest) -> None:
    assert other.fingerprint != BASE.fingerprint


def test_digests_do_not_change_between_releases() -> None:
    # sha256 of {"rollout.parquet":"ab"}
    expected = "aae471ea18fa1b8bcea9d1042f9a0913cb59230743e867dc6167d044e8fc0edc"
    assert content_digest({"rollout.parquet": "ab"}) == expected


@pytest.mark.parametrize("value", [math.nan, {1, 2}, b"raw"])
def test_what_json_cannot_say_has_no_fingerprint(value: object) -> None:
    with pytest.raises(ConfigError, match="only plain JSON values"):
        fingerprint("rollouts", "1", {"value": value}, {})

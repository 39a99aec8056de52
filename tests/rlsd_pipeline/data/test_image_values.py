"""Every way in which rows give images, each read as the same bytes or refused at its row."""

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rlsd_pipeline.data.image_values import image_values, read_image
from rlsd_pipeline.errors import DataError

FORMATS = ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"]


def encoded(format: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(buffer, format)
    return buffer.getvalue()


PNG = encoded()
CODED = base64.b64encode(PNG).decode()


def read(value: Any, root: Path) -> bytes:
    return read_image(value, root, "rows.jsonl line 7", 0)


def message(value: Any, root: Path) -> str:
    with pytest.raises(DataError) as error:
        read(value, root)
    return str(error.value)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "a.png").write_bytes(PNG)
    return folder


@pytest.mark.parametrize(
    "value",
    [
        PNG,
        CODED,
        CODED.rstrip("="),
        f"{CODED[:76]}\n{CODED[76:]}\n",
        base64.urlsafe_b64encode(PNG).decode(),
        f"data:image/png;base64,{CODED}",
        f"DATA:image/png;charset=utf-8;BASE64,{CODED}",
        "a.png",
        {"path": "a.png"},
        {"bytes": None, "path": "a.png"},
        {"bytes": PNG, "path": "gone.png"},
        {"bytes": CODED},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{CODED}"}},
        {"type": "image", "image": CODED},
    ],
)
def test_each_way_reads_the_same_image(value: Any, root: Path) -> None:
    assert read(value, root) == PNG


def test_a_path_may_name_the_folder_itself(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read(str(root / "a.png"), root) == PNG
    monkeypatch.chdir(tmp_path)
    assert read(str(root / "a.png"), Path("set")) == PNG


@pytest.mark.parametrize("format", FORMATS)
def test_base64_is_known_for_every_format(format: str, root: Path) -> None:
    data = encoded(format)
    assert read(base64.b64encode(data).decode(), root) == read(data, root)


def test_none_one_and_several() -> None:
    assert image_values(None) == image_values("") == image_values([]) == image_values([None]) == []
    assert image_values("a.png") == ["a.png"]
    assert image_values({"path": "a.png"}) == [{"path": "a.png"}]
    assert image_values(["a.png", None, PNG]) == ["a.png", PNG]


PLACE = "rows.jsonl line 7, images[0]"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (7, f"{PLACE}: an image is int, not bytes or a path"),
        ({}, f"{PLACE}: a dictionary with no keys, and none of bytes, path"),
        ({"file": "a.png"}, f"{PLACE}: a dictionary with file, and none of bytes, path, url"),
        ("https://example.org/a.png", f"{PLACE} 'https://example.org/a.png': 'https://example.org"),
        (CODED[:-8] + "A", f"{PLACE}"),
        ("x" * 5000, f"{PLACE}: '{'x' * 60}...' (5,000 characters) is too long for a path"),
        ("data:image/svg+xml,<svg/>", f"{PLACE}: a data URL of image/svg+xml, not of base64"),
        ("data:image/png;base64,@@@@", f"{PLACE}: an image in base64 that cannot be decoded"),
        ("data:image/png;base64,AAAA", f"{PLACE}: not an image in one of the formats PNG"),
        ("b.png", f"{PLACE} 'b.png': there is no such file"),
        ("../a.png", f"{PLACE} '../a.png': '../a.png' must be a path relative to"),
        ({"bytes": b"", "path": ""}, f"{PLACE}: a dictionary with bytes, path, and none of"),
        ("a\0.png", f"{PLACE} 'a\\x00.png': "),
    ],
)
def test_what_is_no_image_is_refused_by_one_short_message(
    value: Any, said: str, root: Path
) -> None:
    found = message(value, root)
    assert found.startswith(said)
    assert len(found) < 600
    assert "\n" not in found


def test_a_link_in_a_circle_is_refused(root: Path) -> None:
    (root / "loop.png").symlink_to("loop.png")
    (root / "there").symlink_to("back")
    (root / "back").symlink_to("there")
    for name in ("loop.png", "there/a.png"):
        assert "is a link that leads nowhere" in message(name, root)


def test_a_link_out_of_the_folder_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    assert "leads out of" in message("link.png", root)


def test_a_snapshot_of_the_hubs_client_is_made_of_links(tmp_path: Path) -> None:
    repository = tmp_path / "datasets--owner--name"
    snapshot = repository / "snapshots" / "c0ffee"
    (snapshot / "data").mkdir(parents=True)
    (repository / "blobs").mkdir()
    (repository / "blobs" / "1234").write_bytes(PNG)
    (snapshot / "data" / "a.png").symlink_to(repository / "blobs" / "1234")
    assert read("data/a.png", snapshot) == read("a.png", snapshot / "data") == PNG
    (tmp_path / "secret.png").write_bytes(PNG)
    (snapshot / "b.png").symlink_to(tmp_path / "secret.png")
    assert "leads out of" in message("b.png", snapshot)


@pytest.mark.parametrize(
    "text",
    [
        f"\n {CODED}",
        f" data:image/png;base64,{CODED}",
        f"data:image/png; base64, {CODED}",
        "data:image/png;base64," + CODED.replace("+", "%2B").replace("/", "%2F"),
    ],
)
def test_base64_with_space_or_escapes_around_it(tmp_path: Path, text: str) -> None:
    assert read_image(text, tmp_path, "row 1", 0) == PNG

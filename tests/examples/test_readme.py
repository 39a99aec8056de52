"""The overview names what is there."""

import re

from tests.examples.conftest import EXAMPLES


def test_every_example_has_a_yaml_and_a_readme() -> None:
    for folder in EXAMPLES.iterdir():
        if folder.is_dir() and folder.name != "__pycache__":
            assert (folder / "defs.yaml").is_file()
            assert (folder / "README.md").is_file()


def test_the_overview_names_every_example() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", (EXAMPLES / "README.md").read_text(), re.MULTILINE))
    assert {f.name for f in EXAMPLES.iterdir() if (f / "defs.yaml").is_file()} <= named

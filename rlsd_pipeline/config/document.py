"""Reads YAML strictly: no value is lost or changed silently, and every place has its line.

PyYAML keeps the last of two equal keys, and reads `010` as 8 and `1:30` as 90. Both are errors
here. `1e-6`, which PyYAML takes for text, is a number, as in YAML 1.2 (§10.3 of its specification).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rlsd_pipeline.errors import ConfigError

_TAG = "tag:yaml.org,2002:"
_EXPONENT = re.compile(r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)[eE][-+]?[0-9]+")
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_MISREAD = re.compile(r"[-+]?0[0-9_]+|.*:.*")

Step = str | int


class _Loader(yaml.SafeLoader):
    """Plain values alone, and no number that is not what it looks like."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """A value; where its tag says what its text is not, an error with its line."""
        try:
            return super().construct_object(node, deep=deep)
        # PyYAML's constructors trust that the text fits the tag.
        except (ValueError, KeyError, IndexError, AttributeError) as error:
            kind = node.tag.removeprefix(_TAG)
            why = f" ({error})" if isinstance(error, ValueError) else ""
            raise yaml.constructor.ConstructorError(
                problem=f"{_short(node)} is no {kind} that can be read{why}",
                problem_mark=node.start_mark,
            ) from error

    def construct_scalar(self, node: Any) -> Any:
        """A scalar's text, if paths and files can hold it."""
        text = super().construct_scalar(node)
        if _NO_TEXT.search(str(text)):
            raise yaml.constructor.ConstructorError(
                problem=f"{_short(node)} holds a null character or half of a pair, which is "
                "no text: write what is meant",
                problem_mark=node.start_mark,
            )
        return text

    def plain_number(self, node: yaml.ScalarNode) -> int | float:
        """A number, unless YAML 1.1 reads another one than is written."""
        whole = node.tag == f"{_TAG}int"
        read: int | float = (self.construct_yaml_int if whole else self.construct_yaml_float)(node)
        if _MISREAD.fullmatch(node.value):
            raise yaml.constructor.ConstructorError(
                problem=f"YAML reads {node.value} as {read}: write the number that is meant, or "
                "put text in quotes",
                problem_mark=node.start_mark,
            )
        return read


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in known if tag != f"{_TAG}timestamp"]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(f"{_TAG}float", _EXPONENT, list("-+.0123456789"))
_Loader.add_constructor(f"{_TAG}int", _Loader.plain_number)
_Loader.add_constructor(f"{_TAG}float", _Loader.plain_number)


@dataclass(frozen=True)
class Document:
    """The values of a YAML file with their lines.

    Attributes:
        value: The document as plain data.
        root: Its syntax tree.
    """

    value: Any
    root: yaml.Node | None

    def line(self, path: Sequence[Step]) -> int | None:
        """The line of a place, or of the nearest place around it; counted from 1."""
        node, found = self.root, None if self.root is None else self.root.start_mark.line + 1
        for step in path:
            if isinstance(node, yaml.MappingNode):
                # Keys that `<<` brought in stand before the mapping's own, which win.
                entry = [(k, v) for k, v in node.value if k.value == str(step)][-1:]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                entry = [(v, v) for v in node.value[step : step + 1]]
            else:
                break
            if not entry:
                break
            ((key, node),) = entry
            found = key.start_mark.line + 1
        return found


def read_document(path: Path, source: str | None = None) -> Document:
    """Read a file that holds one YAML document.

    Args:
        path: The file.
        source: Its name in messages; the path by default.

    Raises:
        ConfigError: It cannot be read, is no single YAML document, or gives a key twice.
    """
    source = source or str(path)
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        loader.name = source
        root = loader.get_single_node()
        doubled = list(_doubled(root, (), set()))
        value = None if root is None else loader.construct_document(root)
    except (OSError, ValueError, OverflowError, yaml.YAMLError) as error:
        raise ConfigError(f"{source}: cannot be read as YAML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{source}: cannot be read as YAML: nested too deeply") from error
    if len(doubled) == 1:
        raise ConfigError(f"{source}: {doubled[0]}")
    if doubled:
        raise ConfigError("\n  ".join([f"{source}: {len(doubled)} problems", *doubled]))
    return Document(value, root)


def _short(node: yaml.Node) -> str:
    text = repr(node.value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _doubled(node: yaml.Node | None, path: tuple[str, ...], seen: set[int]) -> Iterator[str]:
    """An error message for each key that a mapping gives twice."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for number, each in enumerate(node.value):
            yield from _doubled(each, (*path[:-1], f"{''.join(path[-1:])}[{number}]"), seen)
    elif isinstance(node, yaml.MappingNode):
        lines: dict[tuple[str, str], int] = {}
        for key, value in node.value:
            name = (key.tag, str(key.value))
            place = (*path, str(key.value))
            line = key.start_mark.line + 1
            if name in lines:
                yield (
                    f"{'.'.join(place)}: given twice, in lines {lines[name]} and {line}, and only "
                    "the last would count: keep one"
                )
            lines[name] = line
            yield from _doubled(value, place, seen)

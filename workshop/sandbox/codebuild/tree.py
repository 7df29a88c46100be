"""A YAML document as text with line numbers, without YAML's guesses at types."""

from __future__ import annotations

from collections.abc import Iterator

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
NULLS = ("", "~", "null", "Null", "NULL")


class BuildspecError(Exception):
    """The buildspec cannot be used; the message is the one in the build's phase context."""


class Section:
    """A mapping of the document; what is absent or empty counts as an empty section."""

    def __init__(self, node: Node | None, name: str) -> None:
        if node is not None and not isinstance(node, MappingNode) and not _is_null(node):
            raise BuildspecError(f"Expected {name} to be a mapping at line {_line(node)}")
        self._values: dict[str, tuple[Node, Node]] = {}
        if isinstance(node, MappingNode):
            self._take(node, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __bool__(self) -> bool:
        return bool(self._values)

    def section(self, key: str) -> Section:
        """The mapping under `key`."""
        return Section(self._value(key), key)

    def text(self, key: str) -> str:
        """The text under `key`; empty if there is none."""
        node = self._value(key)
        return "" if node is None else _text(node, key)

    def texts(self) -> dict[str, str]:
        """Every key with its text."""
        return {key: self.text(key) for key in self._values}

    def items(self, key: str) -> tuple[str, ...]:
        """The list under `key`; a single text counts as a list of one."""
        node = self._value(key)
        if node is None or _is_null(node):
            return ()
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        return tuple(_text(item, key) for item in nodes)

    def commands(self, key: str) -> tuple[str, ...]:
        """The list of commands under `key`, each of which must be a text."""
        node = self._value(key)
        if node is None or _is_null(node):
            return ()
        items = node.value if isinstance(node, SequenceNode) else [node]
        return tuple(self._command(index, item, key) for index, item in enumerate(items))

    def _command(self, index: int, node: Node, key: str) -> str:
        if isinstance(node, ScalarNode):
            return str(node.value)
        tag = self._values[key][0]
        raise BuildspecError(
            f"Expected Commands[{index}] to be of string type: found subkeys instead at line "
            f"{_line(node)}, value of the key tag on line {_line(tag)} might be empty"
        )

    def _value(self, key: str) -> Node | None:
        found = self._values.get(key)
        return found[1] if found else None

    def _take(self, node: MappingNode, name: str) -> None:
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise BuildspecError(f"Expected the keys of {name} to be text at line {_line(key)}")
            if key.value == "<<" and isinstance(value, MappingNode):
                self._values = {**Section(value, name)._values, **self._values}
            else:
                self._values[str(key.value)] = key, value


def root(text: str) -> Section:
    """The document in `text`; yaml.YAMLError if it is not YAML."""
    return Section(yaml.compose(text, Loader=LOADER), "the buildspec")


def _text(node: Node, key: str) -> str:
    if not isinstance(node, ScalarNode):
        raise BuildspecError(f"Expected {key} to be of string type at line {_line(node)}")
    return "" if _is_null(node) else str(node.value)


def _is_null(node: Node) -> bool:
    return isinstance(node, ScalarNode) and not node.style and node.value in NULLS


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1

"""New entries at the end of an intake.yml that is there: what stands in it stays, to the letter."""

from __future__ import annotations

from dataclasses import dataclass

import yaml


@dataclass(frozen=True)
class Present:
    """An intake.yml as it is: its text, the files that its entries name, and the scales and items that have codes."""

    written: str
    files: tuple[str, ...] = ()
    coded: frozenset[str] = frozenset()

    @classmethod
    def of(cls, written: str) -> Present | None:
        """Read a document; None where it is no intake.yml to whose lists anything can be added."""
        try:
            document, node = yaml.safe_load(written), yaml.compose(written, yaml.SafeLoader)
        except (yaml.YAMLError, ValueError):
            return None
        exports = document.get("exports") if isinstance(document, dict) else None
        if (
            not isinstance(exports, list)
            or not all(isinstance(one, dict) for one in exports)
            or _block(node, "exports") is None
        ):
            return None
        answers = document.get("answers") or []
        named = [one.get("for") or [] for one in answers if isinstance(one, dict)] if isinstance(answers, list) else []
        return cls(
            written,
            tuple(str(one.get("file")) for one in exports),
            frozenset(name for names in named for name in names),
        )

    def with_entries(self, entries: list[str], answers: list[str]) -> str:
        """Return the document with further entries and answers, given as lines of a list that begins in column 0."""
        added = _added(self.written, "exports", entries)
        if not answers:
            return added
        if _block(yaml.compose(added, yaml.SafeLoader), "answers") is not None:
            return _added(added, "answers", answers)
        lines = [line for line in added.splitlines() if not line.startswith("answers:")]
        return "\n".join([*lines, "answers:", *(f"  {line}" for line in answers), ""])


def _block(node: yaml.Node | None, key: str) -> yaml.SequenceNode | None:
    """Return the list under a key of the document, where it is written a line an entry."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    found = next((value for name, value in pairs if name.value == key), None)
    return found if isinstance(found, yaml.SequenceNode) and not found.flow_style else None


def _added(written: str, key: str, entries: list[str]) -> str:
    block = _block(yaml.compose(written, yaml.SafeLoader), key)
    if block is None:
        return written
    lines = written.splitlines()
    end = block.value[-1].end_mark.line if block.value else block.end_mark.line
    end = end if block.value and block.value[-1].end_mark.column == 0 else min(end + 1, len(lines))
    while end > 0 and end <= len(lines) and not lines[end - 1].strip():
        end -= 1
    indent = " " * block.start_mark.column
    return "\n".join([*lines[:end], *(indent + line for line in entries), *lines[end:], ""])

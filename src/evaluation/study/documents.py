"""YAML documents of a study, read safely into typed models; every defect with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from evaluation.language import Text, text
from evaluation.study.findings import Findings, nearest, one_of

MAXIMUM_BYTES = 1_000_000
Location = tuple[int | str, ...]
Document = TypeVar("Document", bound=BaseModel)


class Model(BaseModel):
    """A part of a document: frozen, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Bilingual(Model):
    """The same words in Italian and English."""

    it: str
    en: str

    def text(self) -> Text:
        """Return the words by language."""
        return {"it": self.it, "en": self.en}


def read_document(path: Path, model: type[Document], findings: Findings) -> Document | None:
    """Read a YAML file as `model`; defects go to `findings`, and then nothing is returned."""
    root = _compose(path, findings)
    if root is None:
        return None
    lines: dict[Location, int] = {}
    before = len(findings.errors)
    _walk(root, (), lines, path.name, findings)
    try:
        document = model.model_validate(yaml.safe_load(path.read_text(encoding="utf-8-sig")))
    except ValidationError as error:
        for defect in error.errors(include_url=False):
            _report(path.name, model, defect, lines, findings)
        return None
    return document if len(findings.errors) == before else None


def _compose(path: Path, findings: Findings) -> yaml.Node | None:
    write_yaml = text("Scrivere un documento YAML in UTF-8.", "Write a YAML document in UTF-8.")
    expected = text("un documento YAML", "a YAML document")
    if not path.is_file():
        missing = text("Aggiungere il file alla cartella dello studio.", "Add the file to the study folder.")
        findings.error("missing_file", path.name, "no file", expected, missing)
        return None
    if path.stat().st_size > MAXIMUM_BYTES:
        findings.error(
            "size", path.name, f"{path.stat().st_size} bytes", text("al più 1 MB", "1 MB at most"), write_yaml
        )
        return None
    try:
        content = path.read_text(encoding="utf-8-sig")
        # Aliases are refused: nested ones unpack to gigabytes, and no study needs one.
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(content, Loader=yaml.SafeLoader)):
            findings.error(
                "yaml", path.name, "an alias (*name)", text("valori scritti per esteso", "values in full"), write_yaml
            )
            return None
        root = yaml.compose(content, Loader=yaml.SafeLoader)
        yaml.safe_load(content)
    except (UnicodeDecodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        row = mark.line + 1 if mark else None
        found = getattr(error, "problem", None) or str(error)
        findings.error("yaml", path.name, found, expected, write_yaml, row=row)
        return None
    if not isinstance(root, yaml.MappingNode):
        findings.error("yaml", path.name, "no keys", expected, write_yaml, row=1)
        return None
    return root


def _walk(node: yaml.Node, location: Location, lines: dict[Location, int], file: str, findings: Findings) -> None:
    """Note the line of every value, and report keys written twice (YAML would keep the last without a word)."""
    lines[location] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _walk(child, (*location, index), lines, file, findings)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, child in node.value:
            name = str(key.value)
            if name in seen:
                findings.error(
                    "duplicate_key", file, name, text("ogni chiave una volta", "each key once"),
                    text("Togliere la chiave di troppo.", "Remove the extra key."), row=key.start_mark.line + 1, column=name,
                )  # fmt: skip
            seen.add(name)
            _walk(child, (*location, name), lines, file, findings)
            lines[(*location, name)] = key.start_mark.line + 1


def _report(file: str, model: type[BaseModel], defect: Any, lines: dict[Location, int], findings: Findings) -> None:
    location: Location = tuple(defect["loc"])
    row = next((lines[location[:k]] for k in range(len(location), -1, -1) if location[:k] in lines), None)
    column = ".".join(str(part) for part in location)
    if defect["type"] == "extra_forbidden":
        known = _known_keys(model, location[:-1])
        findings.error(
            "unknown_key", file, location[-1], one_of(known), nearest(str(location[-1]), known), row=row, column=column
        )
        return
    message = str(defect["msg"]).removeprefix("Value error, ")
    found = "nothing" if defect["type"] == "missing" else str(defect["input"])
    action = text("Correggere il valore.", "Correct the value.")
    findings.error("invalid_value", file, found, text(message, message), action, row=row, column=column)


def _known_keys(model: type[BaseModel], location: Location) -> list[str]:
    """Return the keys that `model` knows at `location`, by walking the types of its fields."""
    models: list[type[BaseModel]] = [model]
    for part in location:
        if isinstance(part, int):
            continue
        fields = [field for m in models for name, field in m.model_fields.items() if part in (name, field.alias)]
        inner = [m for field in fields for m in _models_in(field.annotation)]
        models = inner or models  # a part that names a union member, not a key, leaves the place as it is
    return [field.alias or name for m in models for name, field in m.model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for argument in getattr(annotation, "__args__", ()) for m in _models_in(argument)]

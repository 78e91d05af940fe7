"""YAML documents of a study, read safely into typed models; every defect with its line."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from evaluation.language import Text, text
from evaluation.study.dates import EXPECTED_DATE, ISO_DAY, mend_date
from evaluation.study.findings import EXPECTED_VISIBLE, INVISIBLE, WRITE_AGAIN, Findings, Words, nearest, one_of

MAXIMUM_BYTES = 1_000_000
LONGEST_SHOWN = 200  # characters of a value, in a message
Location = tuple[int | str, ...]
Document = TypeVar("Document", bound=BaseModel)
CORRECT = text("Correggere il valore.", "Correct the value.")
# What was expected, by the first letters of the kind of error that pydantic reports; the first that fits holds.
EXPECTED: dict[str, Text] = {
    "missing": text("un valore", "a value"),
    "string_pattern_mismatch": text("un testo della forma {pattern}", "a text of the form {pattern}"),
    "string_too_long": text("al più {max_length} caratteri", "{max_length} characters at most"),
    "string_too_short": text("almeno {min_length} caratteri", "{min_length} characters at least"),
    "string": text(
        "un testo, tra virgolette se è un numero o yes, no, on, off",
        "a text, in quotes if it is a number or yes, no, on, off",
    ),
    "int": text("un numero intero", "a whole number"),
    "float": text("un numero con il punto decimale", "a number with a decimal point"),
    "decimal_max_digits": text("un numero di al più {max_digits} cifre", "a number of {max_digits} digits at most"),
    "decimal": text("un numero con il punto decimale", "a number with a decimal point"),
    "finite": text("un numero finito", "a finite number"),
    "bool": text("true oppure false", "true or false"),
    "date": EXPECTED_DATE,
    "greater_than_equal": text("almeno {ge}", "at least {ge}"),
    "greater_than": text("più di {gt}", "more than {gt}"),
    "less_than_equal": text("al più {le}", "at most {le}"),
    "less_than": text("meno di {lt}", "less than {lt}"),
    "too_short": text("almeno {min_length} voci", "{min_length} entries at least"),
    "too_long": text("al più {max_length} voci", "{max_length} entries at most"),
    "tuple": text("un elenco", "a list"),
    "model": text("un gruppo di chiavi", "a group of keys"),
    "dict": text("un gruppo di chiavi", "a group of keys"),
    "invalid_key": text("una chiave di testo", "a key that is a text"),
}


class Model(BaseModel):
    """A part of a document: frozen, closed to unknown keys, without infinite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)


DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?|[-+]?\.[0-9]+(?:[eE][-+]?[0-9]+)?")


def decimal_number(value: Any) -> Any:
    """Refuse truth values and texts that are no plain decimal number, for a model's field."""
    # Python would count truth values as 1 and 0, and read 010 and 1_000 as somebody else would not.
    if isinstance(value, bool) or (isinstance(value, str) and not DECIMAL.fullmatch(value)):
        raise PydanticCustomError("float_type", "a number is needed")
    return value


def _date(value: Any) -> Any:
    # Pydantic would take a number for seconds since 1970.
    if isinstance(value, dt.date) or (isinstance(value, str) and ISO_DAY.fullmatch(value)):
        return value
    raise PydanticCustomError("date_type", "a date is needed")


Number = Annotated[float, BeforeValidator(decimal_number)]
Whole = Annotated[int, BeforeValidator(decimal_number)]
Date = Annotated[dt.date, BeforeValidator(_date)]


class Bilingual(Model):
    """The same words in Italian and English."""

    it: str
    en: str

    def text(self) -> Text:
        """Return the words by language."""
        return {"it": self.it, "en": self.en}


@dataclass(frozen=True)
class Defect:
    """One thing wrong in a part of a document; `at`: keys and positions that lead to it from that part."""

    found: str
    expected: Text
    action: Text = field(default_factory=lambda: CORRECT)
    at: Location = ()


class Refused(ValueError):
    """Raised by a model whose values do not fit together: every defect of it."""

    def __init__(self, *defects: Defect):
        self.defects = defects
        super().__init__("; ".join(f"{defect.found}: expected {defect.expected['en']}" for defect in defects))


def refuse(defects: list[Defect]) -> None:
    """Raise Refused if there are any defects."""
    if defects:
        raise Refused(*defects)


def unknown(found: str, known: list[str], at: Location) -> Defect:
    """Return the defect of a name that is none of `known`."""
    return Defect(found, one_of(known), nearest(found, known), at)


def twice(names: list[str], before: Location = (), after: Location = ()) -> list[Defect]:
    """Return a defect for every name that stood earlier in the list; its place is (before, position, after)."""
    once = text("ogni nome una volta", "each name once")
    action = text("Togliere o rinominare uno dei due.", "Remove or rename one of the two.")
    return [Defect(name, once, action, (*before, k, *after)) for k, name in enumerate(names) if name in names[:k]]


def backwards(starts: dt.date | None, ends: dt.date | None) -> list[Defect]:
    """Return the defect of a period whose day `to` lies before its day `from`."""
    if starts is None or ends is None or starts <= ends:
        return []
    return [Defect(str(ends), text(f"un giorno dal {starts}", f"a day from {starts} on"), at=("to",))]


class _Loader(yaml.SafeLoader):
    """The safe loader without aliases, and with the line of every value that its tag does not fit (!!int x).

    What is no plain decimal number, truth value or null is text, for the models to read, as YAML 1.2 has it. The older YAML
    reads 1:30:00 as 5,400, 010 as eight, and a day that does not exist not at all. Of its words the truth values stay, so
    that `no` serves where one is asked for, and is told where a text is, such as a country.
    """

    yaml_implicit_resolvers = {}  # noqa: RUF012

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):  # nested ones unpack to gigabytes, and no study needs one
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, f"an alias (*{event.anchor})", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        for key, _ in node.value:  # a key is the word that was written: `on`, `no` and 001 too
            if isinstance(key, yaml.ScalarNode) and key.style is None:
                key.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, TypeError, OverflowError) as error:
            problem = f"{node.value!s:.60}, which is no {node.tag.rpartition(':')[2]}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from error


for _kind, _pattern, _first in (
    ("null", re.compile(r"~|null|Null|NULL|"), ["~", "n", "N", ""]),
    ("bool", re.compile(r"(?i:true|false|yes|no|on|off)"), list("tTfFyYnNoO")),
    ("int", re.compile(r"[-+]?(?:0|[1-9][0-9]*)"), list("-+0123456789")),
    ("float", re.compile(r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]*|[-+]?\.[0-9]+"), list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_pattern.pattern})$"), _first)


def read_value(written: str) -> Any:
    """Read one YAML value as documents are read; yaml.YAMLError where it is none."""
    return yaml.load(written, _Loader)  # noqa: S506  a safe loader, stricter than yaml's own


def read_document(path: Path, model: type[Document], findings: Findings) -> Document | None:
    """Read a YAML file as `model`; defects go to `findings`, which keep its lines, and then nothing is returned."""
    found = _compose(path, findings)
    if found is None:
        return None
    root, content = found
    before = len(findings.errors)
    _walk(root, (path.name,), findings)
    try:
        document = model.model_validate(content)
    except ValidationError as error:
        defects = error.errors(include_url=False)
        faulty = [defect["loc"] for defect in defects]
        for defect in defects:
            # A list whose entries are faulty is then called too short as well.
            echo = defect["type"] == "too_short" and any(_within(loc, defect["loc"]) for loc in faulty)
            if not echo:
                _report(path.name, model, defect, findings)
        return None
    return document if len(findings.errors) == before else None


def _within(inner: Location, outer: Location) -> bool:
    return len(inner) > len(outer) and inner[: len(outer)] == outer


def _compose(path: Path, findings: Findings) -> tuple[yaml.Node, Any] | None:
    """Return the document as nodes, which know their lines, and as values; None where it is no document."""
    write_yaml = text("Scrivere un documento YAML in UTF-8.", "Write a YAML document in UTF-8.")
    expected = text("un documento YAML, senza rimandi", "a YAML document, without aliases")
    if not findings.readable(path, MAXIMUM_BYTES, expected, write_yaml):
        return None
    try:
        raw = path.read_bytes()
        written = raw.decode("utf-8-sig")
        loader = _Loader(written)
        root = loader.get_single_node()
        values = loader.construct_document(root) if root else None
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        findings.error("encoding", path.name, f"byte 0x{raw[error.start]:02x}", expected, write_yaml, row=row)
        return None
    except yaml.reader.ReaderError as error:
        row, character = written[: error.position].count("\n") + 1, f"U+{ord(written[error.position]):04X}"
        found = Words(f"il carattere {character}", f"the character {character}")
        findings.error("yaml", path.name, found, expected, write_yaml, row=row)
        return None
    except (yaml.YAMLError, RecursionError, OSError) as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or getattr(error, "strerror", None) or type(error).__name__
        findings.error("yaml", path.name, said, expected, write_yaml, row=mark.line + 1 if mark else None)
        return None
    if not isinstance(root, yaml.MappingNode):
        findings.error("yaml", path.name, "no keys", expected, write_yaml, row=1)
        return None
    return root, values


def _walk(node: yaml.Node, location: Location, findings: Findings) -> None:
    """Note the line of every value, and report keys written twice (YAML would keep the last without a word)."""
    findings.lines[location] = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode) and INVISIBLE.search(node.value):
        file, place, row = str(location[0]), ".".join(map(str, location[1:])), node.start_mark.line + 1
        findings.error("control_character", file, node.value, EXPECTED_VISIBLE, WRITE_AGAIN, row=row, column=place)
    if isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _walk(child, (*location, index), findings)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, child in node.value:
            name = str(key.value)
            if name in seen:
                findings.error(
                    "duplicate_key", str(location[0]), name, text("ogni chiave una volta", "each key once"),
                    text("Togliere la chiave di troppo.", "Remove the extra key."), row=key.start_mark.line + 1, column=name,
                )  # fmt: skip
            seen.add(name)
            _walk(child, (*location, name), findings)
            findings.lines[(*location, name)] = key.start_mark.line + 1


def shown_defects(model: type[BaseModel], error: ValidationError) -> list[tuple[str, Defect]]:
    """Return what pydantic found as defects, each with the dotted place it stands at."""
    return [
        (".".join(map(str, (*found["loc"], *defect.at))), defect)
        for found in error.errors(include_url=False)
        for defect in _defects(model, found)
    ]


def _report(file: str, model: type[BaseModel], error: Any, findings: Findings) -> None:
    for defect in _defects(model, error):
        location: Location = (*error["loc"], *defect.at)
        name = str(error["type"])
        kind = "unknown_key" if name == "extra_forbidden" else "date" if name.startswith("date") else "invalid_value"
        findings.error(
            kind, file, defect.found, defect.expected, defect.action,
            row=findings.line(file, *location), column=".".join(str(part) for part in location),
        )  # fmt: skip


def _defects(model: type[BaseModel], error: Any) -> Iterator[Defect]:
    """Say what pydantic found in the words of a finding."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        yield unknown(str(error["loc"][-1]), _known_keys(model, error["loc"][:-1]), ())
        return
    if isinstance(context.get("error"), Refused):
        yield from context["error"].defects
        return
    found = _shown(None if kind == "missing" else error["input"])
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", context["expected"]) or [context["expected"]]
        yield unknown(found, known, ())
        return
    message = str(error["msg"])
    words = next((words for start, words in EXPECTED.items() if kind.startswith(start)), text(message, message))
    expected = text(*(words[code].format(**context) for code in ("it", "en")))
    yield Defect(found, expected, mend_date(found) if kind.startswith("date") else CORRECT)


def _shown(value: Any) -> str:
    try:
        shown = "nothing" if value is None else str(value)
    except ValueError:  # a number of more digits than Python prints
        return "…"
    return shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}…"


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

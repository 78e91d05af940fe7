"""The house of six floors in ARCHITECTURE.md, held against the imports of the package: imports go downwards only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "evaluation"
FLOOR = re.compile(r"(?P<floor>\d+)?\s+(?P<entries>\S.*)")
ENTRY = re.compile(r"[a-z_]+(?:/|\.py)")
ALLOWED = re.compile(r"\s*allowed:\s*(?P<importer>\S+)\s*->\s*(?P<imported>\S+)\s*")


class House:
    """Floors and permitted neighbours as the page's first block of code with a numbered line gives them.

    A line begins with its floor's number, or with a blank to stay on the floor above it; then entries, `name/` for a folder
    and `name.py` for a module; other words explain. A line `allowed: a -> b` permits one import between neighbours.
    """

    def __init__(self, page: str):
        blocks = re.findall(r"^```[^\n]*\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
        block = next((block for block in blocks if re.search(r"^\d+  ", block, flags=re.MULTILINE)), "")
        self.floors: dict[str, int] = {}
        self.allowed: set[tuple[str, str]] = set()
        floor = 0
        for line in block.splitlines():
            if permitted := ALLOWED.fullmatch(line):
                self.allowed.add((permitted["importer"], permitted["imported"]))
            elif found := FLOOR.fullmatch(line):
                floor = int(found["floor"] or floor)
                self.floors |= dict.fromkeys(ENTRY.findall(found["entries"]), floor)

    def may_import(self, importer: str, imported: str) -> bool:
        """Whether modules of one entry may import from the other."""
        down = self.floors[imported] < self.floors[importer]
        return down or importer == imported or (importer, imported) in self.allowed


def entry_of(path: Path) -> str:
    """The folder or module of the house that a file belongs to."""
    parts = path.relative_to(PACKAGE).parts
    return f"{parts[0]}/" if len(parts) > 1 else parts[0]


def imported_files(path: Path, source: str) -> Iterator[Path]:
    """The package's files that a module imports, inside functions as well; relative imports and `import a.b` included."""
    here = ("evaluation", *path.relative_to(PACKAGE).with_suffix("").parts)
    for node in ast.walk(ast.parse(source)):
        names: list[tuple[str, ...]] = []
        if isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            module = tuple(node.module.split(".")) if node.module else ()
            base = (*here[: -node.level], *module) if node.level else module
            names = [(*base, alias.name) for alias in node.names]
        for name in names:
            if name[0] == "evaluation":
                yield _file(name[1:])


def _file(name: tuple[str, ...]) -> Path:
    """The file that a dotted name lies in: a module, or the package that defines it."""
    for length in range(len(name), -1, -1):
        module = PACKAGE.joinpath(*name[:length])
        if length and module.with_suffix(".py").is_file():
            return module.with_suffix(".py")
        if (module / "__init__.py").is_file():
            return module / "__init__.py"
    raise AssertionError(f"no module {'.'.join(name)}")


@pytest.fixture(scope="module")
def house() -> House:
    return House((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_downwards_only(path: Path, house: House):
    importer = entry_of(path)
    assert importer in house.floors, f"{importer} is on no floor of ARCHITECTURE.md"
    wrong = sorted(
        {
            entry_of(file)
            for file in imported_files(path, path.read_text(encoding="utf-8"))
            if not house.may_import(importer, entry_of(file))
        }
    )
    assert not wrong, f"{importer} on floor {house.floors[importer]} imports {', '.join(wrong)}"


def test_everything_on_a_floor_exists(house: House):
    assert house.floors
    assert [entry for entry in house.floors if not (PACKAGE / entry).exists()] == []
    assert {entry_of(path) for path in MODULES} == set(house.floors)


def test_everything_allowed_is_between_neighbours_and_needed(house: House):
    imports = {
        (entry_of(path), entry_of(file))
        for path in MODULES
        for file in imported_files(path, path.read_text(encoding="utf-8"))
    }
    for importer, imported in house.allowed:
        assert house.floors[importer] == house.floors[imported], f"{importer} -> {imported} needs no permission"
        assert (imported, importer) not in house.allowed, f"{importer} and {imported} may not import each other"
        assert (importer, imported) in imports, f"{importer} does not import {imported}"


def test_modules_of_the_package_do_not_import_in_circles():
    graph = {
        path: set(imported_files(path, path.read_text(encoding="utf-8"))) - {path, path.with_name("__init__.py")}
        for path in MODULES
    }
    done: set[Path] = set()

    def visit(path: Path, above: tuple[Path, ...]) -> None:
        assert path not in above, " -> ".join(str(p.relative_to(PACKAGE)) for p in (*above, path))
        if path not in done:
            for imported in sorted(graph.get(path, ())):
                visit(imported, (*above, path))
            done.add(path)

    for path in MODULES:
        visit(path, ())


# The test itself --------------------------------------------------------------------------------------------------

PAGE = """\
```bash
make report
```
```
6  cli.py             the command line
5  pipeline.py        the steps
   execution.py       one notebook
4  reporting/         figures tables      payment.py evidence.py
3  intake/            exports checks
   measurement/       scores
2  study/             folder protocol
1  errors.py          errors       language.py  two languages      __init__.py
   allowed: evidence.py -> payment.py
```
"""


def test_the_floors_are_read_from_the_page():
    read = House(PAGE)
    assert read.floors == {
        "cli.py": 6, "pipeline.py": 5, "execution.py": 5, "reporting/": 4, "payment.py": 4, "evidence.py": 4, "intake/": 3,
        "measurement/": 3, "study/": 2, "errors.py": 1, "language.py": 1, "__init__.py": 1,
    }  # fmt: skip
    assert read.allowed == {("evidence.py", "payment.py")}


@pytest.mark.parametrize(
    ("importer", "imported", "may"),
    [
        ("cli.py", "errors.py", True), ("reporting/", "measurement/", True), ("study/", "study/", True),
        ("intake/", "measurement/", False), ("payment.py", "reporting/", False), ("study/", "intake/", False),
        ("evidence.py", "payment.py", True), ("payment.py", "evidence.py", False), ("language.py", "errors.py", False),
        ("pipeline.py", "execution.py", False),
    ],
)  # fmt: skip
def test_imports_go_down_or_stay_at_home_or_are_allowed(importer: str, imported: str, may: bool):
    assert House(PAGE).may_import(importer, imported) is may


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from evaluation.study.folder import Study", "study/folder.py"),
        ("from evaluation.study import folder", "study/folder.py"),
        ("import evaluation.payment.decide as p", "payment.py"),
        ("from evaluation import payment", "payment.py"),
        ("from evaluation import __version__", "__init__.py"),
        ("def f():\n    from evaluation.cli import main", "cli.py"),
        ("if TYPE_CHECKING:\n    from evaluation.cli import main", "cli.py"),
        ("from ..payment import decide", "payment.py"),
        ("from . import synthetic_model", "intake/synthetic_model.py"),
    ],
)
def test_every_form_of_import_is_seen(source: str, found: str):
    here = PACKAGE / "intake" / "synthetic.py"
    assert [str(file.relative_to(PACKAGE)) for file in imported_files(here, source)] == [found]

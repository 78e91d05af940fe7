"""Erasure: after it no file holds the child, every other byte is as it was, and a kill leaves the child in or out."""

from __future__ import annotations

import bz2
import csv
import datetime as dt
import gzip
import hashlib
import io
import json
import lzma
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
import study_builder
from python_calamine import CalamineWorkbook

from evaluation.assurance.verification.superseded import still_stands
from evaluation.errors import UserError
from evaluation.pipeline import erasing, outputs
from evaluation.pipeline.erasing import RECORD, erase
from evaluation.privacy import unpacked
from evaluation.privacy.erased_files import UnknownChild
from evaluation.study.folder import load_study

CHILD, OTHER = "N03", "N04"
DAY = dt.datetime(2023, 10, 2, 8, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of its own, so that no run of the real one is touched."""
    root = tmp_path / "repository"
    (root / "notebooks").mkdir(parents=True)
    monkeypatch.setattr(outputs, "repository", lambda: root)
    monkeypatch.setattr(erasing, "repository", lambda: root)
    monkeypatch.setattr(os, "sync", lambda: None)  # nothing here loses its power
    return root


@pytest.fixture
def study(repository: Path) -> study_builder.StudyFolder:
    """The tiny study under data/raw, with exports, a ledger and what a check leaves beside it."""
    raw = repository / "data/raw"
    raw.mkdir(parents=True)
    built = study_builder.build(raw / "tiny")
    (built.path / "exports").mkdir()
    built.write(
        "exports/form.csv",
        f'\ufeffOra;Codice;Note\r\n1;{CHILD};"due\r\nrighe"\r\n2;{OTHER};con {CHILD}\r\n3;N031;ok\r\n',
    )
    built.write("exports/other.txt", f"q\n{CHILD.lower()}\nn04\n".encode("utf-16"))
    built.write(
        "exports/form.xlsx", workbook([["Codice", "Nota"], [CHILD, "mia"], [OTHER, "sua"], [OTHER, f"vede {CHILD}"]])
    )
    built.write(f"exports/{CHILD}-photo.txt", "x")
    built.write(
        "ledger.json", json.dumps({"rows": [{"child": CHILD, "n": 1}, {"child": OTHER}], "seen": [CHILD, OTHER]})
    )
    built.write("findings.html", f"<p>{CHILD}</p>")
    (raw / "tiny-check").mkdir()
    (raw / "tiny-check/findings.csv").write_text(f"child\n{CHILD}\n")
    return built


@pytest.fixture
def homes(repository: Path) -> Path:
    """What runs leave: two published ones, the first signed, a build with its cache, a partial one, work by hand."""
    home = repository / ".runs/tiny"
    for number in ("1", "2", "2.partial", "build", "by-hand"):
        for file in ("processed/scores.csv", "reports/tables/flow.csv", "failed/01_data.ipynb", "pytask.lock"):
            path = home / number / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("published\n" if file.startswith("reports") else f'{{"child": "{CHILD}"}}\n')
    (home / "1/reports/evaluator-report.it.signed.pdf").write_bytes(b"%PDF signed")
    (home / "current").symlink_to("2")
    for part, link in (("reports", "reports/tiny"), ("processed", "data/processed/tiny")):
        (repository / link).parent.mkdir(parents=True, exist_ok=True)
        (repository / link).symlink_to(home / "current" / part)
    return home


def workbook(rows: list[list[str]]) -> bytes:
    """A workbook as spreadsheets write it: every text shared, numbered once."""
    texts = list(dict.fromkeys(cell for row in rows for cell in row))
    lines = ""
    for number, row in enumerate(rows, start=1):
        cells = (f'<c r="{c}{number}" t="s"><v>{texts.index(cell)}</v></c>' for c, cell in zip("AB", row, strict=True))
        lines += f'<row r="{number}">{"".join(cells)}</row>'
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml."
    part, relation = (
        '<Override PartName="/xl/{}" ContentType="' + kind + '{}+xml"/>',
        '<Relationship Id="{}" Type="{}/{}" Target="{}"/>',
    )
    overrides = [
        ("workbook.xml", "sheet.main"),
        ("worksheets/sheet1.xml", "worksheet"),
        ("sharedStrings.xml", "sharedStrings"),
    ]
    relations = [
        ("r1", office, "worksheet", "worksheets/sheet1.xml"),
        ("r2", office, "sharedStrings", "sharedStrings.xml"),
    ]
    of_package = relation.format("r1", office, "officeDocument", "xl/workbook.xml")
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        + "".join(part.format(*each) for each in overrides) + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">{of_package}</Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{office}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        + "".join(relation.format(*each) for each in relations) + "</Relationships>",
        "xl/sharedStrings.xml": f"<sst {main}>" + "".join(f"<si><t>{t}</t></si>" for t in texts) + "</sst>",
        "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData>{lines}</sheetData></worksheet>",
    }  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, xml in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{xml}')
    return out.getvalue()


def holding(root: Path, code: str) -> list[str]:
    """The files under a folder that hold a code, in their name or their bytes, archives opened; N031 is another child."""
    found = []
    for path in (path for path in root.rglob("*") if path.is_file()):
        contents = [path.name.encode(), path.read_bytes()]
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                contents += [archive.read(name) for name in archive.namelist()]
        for content in contents:
            plain = content.replace(b"\0", b"").lower().replace(b"n031", b"")
            if code.lower().encode() in plain:
                found.append(path.relative_to(root).as_posix())
    return sorted(set(found))


def tree(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file() and path.name != "lock")
    return {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def without_child(before: str) -> str:
    """A table without the child's rows, by an independent reading."""
    table = pd.read_csv(io.StringIO(before), dtype=str, keep_default_na=False)
    return table[table["participant"] != CHILD].to_csv(index=False, lineterminator="\n")


def test_no_file_holds_the_child_afterwards_and_others_keep_theirs(
    study: study_builder.StudyFolder, homes: Path, repository: Path
) -> None:
    before = {name: study.text(name) for name in ("participants.csv", "responses.csv", "attendance.csv")}
    untouched = {name: study.text(name) for name in ("protocol.yml", "contract.yml", "instrument.csv", "programme.csv")}
    assert len(holding(repository, CHILD)) > 15
    done = erase(study.path, CHILD, now=DAY)
    assert holding(repository, CHILD) == []
    assert done.left == ()
    for name, content in before.items():
        assert study.text(name) == without_child(content)
    assert {name: study.text(name) for name in untouched} == untouched
    assert study.text("exports/form.csv") == f"\ufeffOra;Codice;Note\r\n\r\n2;{OTHER};con [erased]\r\n3;N031;ok\r\n"
    assert (study.path / "exports/other.txt").read_bytes().decode("utf-16") == "q\n\nn04\n"
    assert json.loads(study.text("ledger.json")) == {"rows": [{"child": OTHER}], "seen": [OTHER]}
    assert CHILD not in set(load_study(study.path).participants["participant"])


def test_a_workbook_loses_the_childs_rows_and_their_texts_and_still_opens(study: study_builder.StudyFolder) -> None:
    erase(study.path, CHILD)
    path = study.path / "exports/form.xlsx"
    rows = CalamineWorkbook.from_path(path).get_sheet_by_name("S").to_python()
    assert [row for row in rows if any(row)] == [["Codice", "Nota"], [OTHER, "sua"], [OTHER, "vede [erased]"]]
    with zipfile.ZipFile(path) as archive:
        assert b"mia" not in archive.read("xl/sharedStrings.xml")


def recorded(study: Path) -> list[dict[str, str]]:
    """The rows of a study's register of erasures."""
    with (study / RECORD).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_caches_go_reports_stay_and_are_marked(study: study_builder.StudyFolder, homes: Path, repository: Path) -> None:
    reports = {name: tree(homes / name / "reports") for name in ("1", "2")}
    assert erase(study.path, CHILD, now=DAY).superseded == 2
    assert {name: tree(homes / name / "reports") for name in ("1", "2")} == reports
    assert {path.name for path in homes.iterdir()} == {"1", "2", "current", "lock"}
    assert list((homes / "2/processed").iterdir()) == []
    for report in (repository / "reports/tiny", homes / "1/reports"):
        answer = still_stands(report)
        assert (answer.verdict, answer.summary["en"][:27]) == ("invalid", "superseded since 2023-10-02")
    shutil.copytree(homes / "2", homes / "3")
    (homes / "3/superseded.json").unlink()
    assert still_stands(homes / "3/reports").verdict == "not available"  # another run is the current one
    assert still_stands(Path(shutil.copytree(homes / "3/reports", homes / "copy"))).verdict == "not available"
    (homes / "current").unlink()
    (homes / "current").symlink_to("3")
    assert still_stands(homes / "3/reports").verdict == "valid"


def test_a_published_file_that_holds_the_child_is_removed(study: study_builder.StudyFolder, homes: Path) -> None:
    leak = homes / "1/reports/notebooks/01_data.ipynb"
    leak.parent.mkdir()
    leak.write_text(f'{{"cells": ["{CHILD}"]}}')
    erase(study.path, CHILD)
    assert not leak.exists()
    assert (homes / "1/reports/evaluator-report.it.signed.pdf").read_bytes() == b"%PDF signed"


def test_outputs_elsewhere_are_cleared_when_named(
    study: study_builder.StudyFolder, homes: Path, tmp_path: Path
) -> None:
    shutil.copytree(homes, tmp_path / "out/.runs/tiny", symlinks=True)
    erase(study.path, CHILD, outputs=[tmp_path / "out"])
    assert holding(tmp_path / "out", CHILD) == []


def test_the_record_tells_that_and_when_but_not_who_and_its_digest_can_be_checked(
    study: study_builder.StudyFolder,
) -> None:
    erase(study.path, CHILD, now=DAY)
    first = study.text("erasures.csv")
    files = sorted(
        p.relative_to(study.path).as_posix() for p in study.path.rglob("*") if p.is_file() and p.name != "erasures.csv"
    )
    lines = "".join(f"{hashlib.sha256((study.path / name).read_bytes()).hexdigest()}  {name}\n" for name in files)
    (record,) = recorded(study.path)
    assert (record["date"], record["children"]) == ("2023-10-02", "1")
    assert record["state_sha256"] == hashlib.sha256(lines.encode()).hexdigest()
    erase(study.path, "S05", now=DAY + dt.timedelta(1))
    assert study.text("erasures.csv").startswith(first)
    assert [record["date"] for record in recorded(study.path)] == ["2023-10-02", "2023-10-03"]
    assert "S05" not in study.text("erasures.csv")


@pytest.mark.parametrize("code", ["N99", "n03x", "", "N0", "north", "*", "../tiny"])
def test_an_unknown_code_changes_nothing(
    study: study_builder.StudyFolder, homes: Path, repository: Path, code: str
) -> None:
    before = tree(repository)
    with pytest.raises(UnknownChild, match="Nothing was changed"):
        erase(study.path, code)
    assert tree(repository) == before


@pytest.mark.parametrize(
    ("file", "content", "why"),
    [
        ("protocol.yml", None, "what was agreed"),
        ("exports/data.bin", b"\0\1N03\2", "not a text"),
        ("exports/data.zip", "zip", "an archive"),
        ("exports/wide.csv", b"item,N03,N04\nq1,3,4\n", "heads a column"),
        ("exports/half.json", b'{"N03": ', "cannot be read"),
    ],
)
def test_what_a_machine_cannot_edit_is_named_and_nothing_changes(
    study: study_builder.StudyFolder, repository: Path, file: str, content: bytes | str | None, why: str
) -> None:
    if content == "zip":
        with zipfile.ZipFile(study.path / file, "w") as archive:
            archive.writestr("a/b.csv", f"{CHILD},1\n")
    else:
        study.write(file, content if content is not None else study.text(file) + f"# without {CHILD}\n")
    before = tree(repository)
    with pytest.raises(UserError, match=why) as caught:
        erase(study.path, CHILD)
    assert file in str(caught.value)
    assert tree(repository) == before


ROWS = f"a,b\n{CHILD},1\n".encode()


def zipped(name: str, content: bytes, comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
        archive.comment = comment
    return out.getvalue()


def tarred(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def with_member(book: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO(book)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("a.csv.gz", gzip.compress(ROWS)), ("a.csv.bz2", bz2.compress(ROWS)), ("a.csv.xz", lzma.compress(ROWS)),
        ("a.tar", tarred("x.csv", ROWS)), ("a.tgz", gzip.compress(tarred("x.csv", bz2.compress(ROWS)))),
        ("a.zip", zipped("b.zip", zipped("c.csv", ROWS))), ("no-archive.csv", gzip.compress(ROWS)),
        ("two.gz", gzip.compress(b"a\n") + gzip.compress(ROWS)), ("name.zip", zipped(f"{CHILD}.txt", b"a")),
        ("said.zip", zipped("a.txt", b"a", comment=CHILD.encode())), ("name.tar", tarred(f"{CHILD}/x", b"a")),
        ("name.gz", b"\x1f\x8b\x08\x08" + bytes(6) + CHILD.encode() + b".csv\0" + gzip.compress(b"a")[10:]),
        ("before.zip", ROWS + zipped("a.txt", b"a")), ("wide.zip", zipped("a.txt", ROWS.decode().encode("utf-16"))),
        ("form.xlsx", with_member(workbook([["Codice", "q"], [OTHER, "1"]]), "xl/embeddings/a.zip", zipped("a", ROWS))),
        (f"{CHILD}/a.txt", b"a"),
    ],
    ids=lambda value: value if isinstance(value, str) else "bytes",  # packed bytes hold the time of packing
)  # fmt: skip
def test_a_child_within_what_is_packed_is_found_and_nothing_changes(
    study: study_builder.StudyFolder, repository: Path, file: str, content: bytes
) -> None:
    path = study.path / "exports/packed" / file
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    before = tree(repository)
    with pytest.raises(UserError, match="Nothing was changed") as caught:
        erase(study.path, CHILD)
    assert CHILD not in str(caught.value)
    assert file.replace(CHILD, "[erased]") in str(caught.value)
    assert tree(repository) == before


def deep(levels: int) -> bytes:
    content = b"a\n"
    for _ in range(levels):
        content = gzip.compress(content)
    return content


def locked(name: str) -> bytes:
    """A zip whose member says that it is encrypted."""
    content = bytearray(zipped(name, b"a"))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("a.7z", b"7z\xbc\xaf\x27\x1c\0\4"), ("a.rar", b"Rar!\x1a\x07\x01\0"), ("photo.png", b"\x89PNG\r\n\x1a\n\0\0\0\r"),
        ("scan.pdf", b"%PDF-1.7\n"), ("half.gz", gzip.compress(ROWS)[:-9]), ("half.zip", zipped("a", ROWS)[:-30]),
        ("locked.zip", locked("a")), ("more.bz2", bz2.compress(b"a") + b"more"), ("deep.gz", deep(6)),
        ("many.gz", gzip.compress(b"a") * 1_001),
        ("tail.tar", tarred("a", b"a") + tarred("b", ROWS)), ("sealed", b"age-encryption.org/v1\n\0"), ("data.sav", b"$FL2"),
        ("photo.zip", zipped("a.jpg", b"\xff\xd8\xff\xe0\0\x10")), ("members.zip", None), ("large.gz", None),
    ],
    ids=lambda value: value if isinstance(value, str) else "bytes",  # packed bytes hold the time of packing
)  # fmt: skip
def test_what_cannot_be_searched_is_told(
    study: study_builder.StudyFolder, monkeypatch: pytest.MonkeyPatch, file: str, content: bytes | None
) -> None:
    if content is None:
        monkeypatch.setattr(unpacked, "MAXIMUM_MEMBERS", 0)
        monkeypatch.setattr(unpacked._Room, "__init__", lambda room: setattr(room, "left", 4_000))
        content = zipped("a", b"a") if file == "members.zip" else gzip.compress(bytes(10_000))
        for name in ("form.xlsx", "other.txt"):
            study.remove(f"exports/{name}")
    (study.path / "exports" / file).write_bytes(content)
    done = erase(study.path, CHILD)
    assert [Path(path).name for path in done.unsearched] == [file]
    assert done.left == ()
    assert CHILD not in study.text("participants.csv") + study.text("responses.csv")


def test_what_can_be_opened_and_holds_nobody_is_no_news(study: study_builder.StudyFolder) -> None:
    for file, content in {
        "a.gz": deep(5), "a.zip": zipped("b.tar", tarred("c.xz", lzma.compress(b"n04\n"))), "empty.csv": b"",
        "old.txt": "perché\n".encode("cp1252"), "form2.xlsx": with_member(workbook([["Codice", "q"], [OTHER, "1"]]),
        "xl/printerSettings/printerSettings1.bin", b"\0P\0r"),
    }.items():  # fmt: skip
        (study.path / "exports" / file).write_bytes(content)
    done = erase(study.path, CHILD)
    assert (done.left, done.unsearched) == ((), ())


def test_an_unknown_kind_among_published_reports_is_told_and_our_own_pdf_is_not(
    study: study_builder.StudyFolder, homes: Path
) -> None:
    (homes / "1/reports/more.7z").write_bytes(b"7z\xbc\xaf\x27\x1c\0\4")
    assert [Path(path).name for path in erase(study.path, CHILD).unsearched] == ["more.7z"]


def test_a_code_that_any_answer_may_look_like_is_taken_from_the_tables_only(study: study_builder.StudyFolder) -> None:
    for name in ("participants.csv", "responses.csv", "attendance.csv"):
        study.write(name, study.text(name).replace(f"\n{CHILD},", "\n4,"))
    answers = sum(row[3] == "4" and row[0] != "4" for row in study.rows("responses.csv"))
    done = erase(study.path, "4")
    assert not [row for row in study.rows("responses.csv") if row[0] == "4"]
    assert sum(row[3] == "4" for row in study.rows("responses.csv")) == answers > 0
    assert "exports/form.csv" in done.left  # a person must look there


@pytest.mark.parametrize("where", ["study", "file", "folder"])
def test_links_are_refused(study: study_builder.StudyFolder, tmp_path: Path, where: str) -> None:
    (tmp_path / "away").mkdir()
    (tmp_path / "away/responses.csv").write_text(study.text("responses.csv"))
    target = study.path
    if where == "study":
        target = tmp_path / "link"
        target.symlink_to(study.path)
    elif where == "file":
        study.remove("responses.csv")
        (study.path / "responses.csv").symlink_to(tmp_path / "away/responses.csv")
    else:
        (study.path / "more").symlink_to(tmp_path / "away")
    before = tree(tmp_path)
    with pytest.raises(UserError, match="a link"):
        erase(target, CHILD)
    assert tree(tmp_path) == before


def test_a_study_that_is_being_run_is_left_alone(
    study: study_builder.StudyFolder, homes: Path, repository: Path
) -> None:
    before = tree(repository)
    with outputs.Outputs.of("tiny", None).locked(), pytest.raises(UserError, match="another run"):
        erase(study.path, CHILD)
    assert tree(repository) == before


def test_what_is_left_in_notebooks_of_the_repository_is_named(
    study: study_builder.StudyFolder, repository: Path
) -> None:
    (repository / "notebooks/01_data.ipynb").write_text(f'{{"outputs": "{CHILD}"}}')
    (left,) = erase(study.path, CHILD).left
    assert left.endswith("notebooks/01_data.ipynb")


class Killed(BaseException):
    """The machine stops here."""


def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Stop before the `step`-th change of the disk; return what counts the changes made."""
    count = iter(range(10_000))
    seen: list[int] = []

    def guard(change: Callable[..., object]) -> Callable[..., object]:
        def guarded(*arguments: object, **options: object) -> object:
            seen.append(next(count))
            if seen[-1] == step:
                raise Killed
            return change(*arguments, **options)

        return guarded

    for owner, name in ((os, "replace"), (os, "rename"), (os, "unlink"), (os, "rmdir"), (os, "mkdir"),
                        (Path, "write_bytes"), (Path, "write_text")):  # fmt: skip
        monkeypatch.setattr(owner, name, guard(getattr(owner, name)))
    return lambda: len(seen)


def steps_of_one_erasure(study: Path) -> Iterator[int]:
    with pytest.MonkeyPatch.context() as patch:
        counted = killed_at(-1, patch)
        erase(study, CHILD, now=DAY)
        total = counted()
    return iter(range(total))


def test_whenever_it_is_killed_the_next_call_leaves_the_child_out_and_says_what_had_happened(
    study: study_builder.StudyFolder, homes: Path, repository: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    shutil.copytree(repository, kept, symlinks=True)
    steps = list(steps_of_one_erasure(study.path))
    final = tree(study.path)
    assert len(steps) > 20
    said = set()
    for step in steps:
        shutil.rmtree(repository)
        shutil.copytree(kept, repository, symlinks=True)
        (repository / "reports/tiny").unlink()
        with pytest.MonkeyPatch.context() as patch:
            killed_at(step, patch)
            with pytest.raises(Killed):
                erase(study.path, CHILD, now=DAY)
        decided = (study.path / ".erasing").exists()
        if not decided and not (study.path / "erasures.csv").exists():
            assert {n: d for n, d in tree(study.path).items() if not n.startswith(".erasing")} == tree(
                kept / "data/raw/tiny"
            )
        try:
            again = erase(study.path, CHILD, now=DAY)
            said.add((again.withdrawn, again.completed))
            assert again.completed is decided
        except UnknownChild:
            assert not decided  # it was done, down to the last step
        assert tree(study.path) == final, step
        assert holding(repository, CHILD) == [], step
        assert len(recorded(study.path)) == 1
    assert {(True, False), (False, True)} <= said


def test_the_journal_of_an_interrupted_erasure_does_not_say_who(
    study: study_builder.StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*arguments: object) -> None:
        raise Killed

    monkeypatch.setattr(erasing, "_forget", stop)
    monkeypatch.setattr(erasing, "_append", stop)
    with pytest.raises(Killed):
        erase(study.path, CHILD)
    assert holding(study.path / ".erasing", CHILD) in ([], ["plan.json"])
    steps = json.loads((study.path / ".erasing/plan.json").read_text())["steps"]
    assert [name for name, staged in steps if CHILD in name] == [f"exports/{CHILD}-photo.txt"]  # a file of this name


def test_rows_written_over_several_lines_and_quoted_codes_are_whole_rows(study: study_builder.StudyFolder) -> None:
    header, *rows = study.rows("responses.csv")
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([[*header, "note"], *([*row, "a\nb,c"] for row in rows)])
    study.write("responses.csv", out.getvalue())
    erase(study.path, CHILD)
    assert [row[:4] for row in study.rows("responses.csv")[1:]] == [row for row in rows if row[0] != CHILD]
    assert study.text("responses.csv").count("\r\n") == len(rows) - sum(row[0] == CHILD for row in rows) + 1


def test_the_repository_of_the_tests_is_not_the_real_one(repository: Path) -> None:
    assert os.fspath(erasing.repository()) == os.fspath(repository)

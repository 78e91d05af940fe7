"""Names into codes: one code for every spelling of a name, none without the key, no name in the study, no key in sight."""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import hashlib
import hmac
import io
import re
import stat
import unicodedata
import zipfile
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
import study_builder
from corpus.files import workbook
from hypothesis import given
from hypothesis import strategies as st

from evaluation.commands.pseudonymise import _workbook_rows
from evaluation.errors import UserError
from evaluation.privacy import enrolment, sealed
from evaluation.privacy.enrolment import Places, enrol
from evaluation.privacy.linkage import read_linkage
from evaluation.privacy.pseudonyms import (
    CODE_LENGTH,
    LETTERS,
    SYMBOLS,
    new_key,
    normalised_name,
    plain_words,
    pseudonym,
    read_key,
)
from evaluation.privacy.traces import Names
from evaluation.study.findings import Finding, StudyDefects
from evaluation.study.places import repository

KEY = bytes(range(32))
DAY = dt.date(2010, 3, 2)
SPELLINGS = (
    "Niccolò D'Angelo", "d'angelo NICCOLO", "D’Angelo,  Niccolò", "NICCOLO' D'ANGELO", "Niccolo\u0300 D\u02bcAngelo",
    "Niccolò D' Angelo", "ＮＩＣＣＯＬÒ D‘Angelo", "D-Angelo\tNiccolò ", "Nicco\u200blò D\u00a0Angelo",
)  # fmt: skip
HEADER = "Cognome;Nome;Data di nascita;Centro;Sesso;Consenso genitori;Assenso;Motivo uscita;Codice fiscale"
ROWS = (
    "D’Angelo;Niccolò;2010-03-02;north;M;sì;Sì;;DNGNCL10C02E506X",
    "Rossi;Maria Pia;2009-11-05;south;F;si;no;trasloco;RSSMRA09S45E506Y",
    "Żak;Łucja;2011-01-31;south;F;no;si;=1+1;ZKALCJ11A71Z127Z",
)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A roster and an empty study."""
    study = study_builder.build(tmp_path / "study").remove("participants.csv").remove("responses.csv").path
    study.joinpath("attendance.csv").unlink()
    roster = tmp_path / "roster.csv"
    write(roster, *ROWS)
    return Places(roster, study, tmp_path / "linkage.csv")


def write(roster: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8-sig") -> None:
    roster.write_bytes("\r\n".join([header, *rows, ""]).encode(encoding))


def refused(places: Places, **options: object) -> list[Finding]:
    """The findings that stop a roster; nothing is written, and no finding tells a name or a birthday."""
    with pytest.raises(StudyDefects) as caught:
        enrol(places, lambda: KEY, **options)  # type: ignore[arg-type]
    assert not places.linkage.exists()
    assert not (places.study / "participants.csv").exists()
    said = " ".join(caught.value.message.values())
    assert not re.search(r"(?i)niccol|angelo|rossi|2010-03-02|02/03/2010", said)
    return list(caught.value.findings)


# Names and codes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_name_is_one_name(spelling: str) -> None:
    assert normalised_name(spelling) == "angelo d niccolo"
    assert pseudonym(KEY, spelling, DAY) == pseudonym(KEY, SPELLINGS[0], DAY)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Łukasz Strauß", "lukasz STRAUSS"), ("Søren Đorđe", "soren dorde"), ("Anna-Maria Ærø", "Maria Anna AERO")],
)
def test_letters_that_do_not_come_apart_have_a_plain_one(one: str, other: str) -> None:
    assert normalised_name(one) == normalised_name(other)


def test_names_in_other_scripts_and_other_names_stay_apart() -> None:
    names = ["Мария Иванова", "مريم علي", "Maria Rossi", "Mario Rossi", "Rossi Maria Pia"]
    assert len({normalised_name(name) for name in names}) == len(names)
    assert normalised_name("  -- 12 ' ") == ""


@given(st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4), st.randoms())
def test_a_normalised_name_is_stable_and_blind_to_order_case_and_form(words: list[str], draw: object) -> None:
    name = " ".join(words)
    normal = normalised_name(name)
    assert normalised_name(normal) == normal
    assert normal == normal.strip()
    draw.shuffle(words)  # type: ignore[attr-defined]
    assert normalised_name(" ".join(words)) == normal
    assert normalised_name(unicodedata.normalize("NFD", name)) == normal


@given(st.text(st.characters(codec="ascii"), max_size=20))
def test_plain_text_has_the_words_it_has_beside_accents(plain: str) -> None:
    assert [*plain_words(plain), "e"] == plain_words(f"{plain} è")


def test_a_code_is_hmac_sha256_in_a_readable_alphabet() -> None:
    digest = hmac.new(KEY, b"pseudonym 1\nangelo d niccolo\n2010-03-02", hashlib.sha256).digest()
    number = int.from_bytes(digest, "big")
    expected = LETTERS[number % 17]
    number //= 17
    for _ in range(9):
        expected += SYMBOLS[number % 24]
        number //= 24
    assert pseudonym(KEY, SPELLINGS[0], DAY) == expected
    assert pseudonym(KEY[::-1], SPELLINGS[0], DAY) != expected
    assert pseudonym(KEY, SPELLINGS[0], DAY + dt.timedelta(1)) != expected


def test_no_code_is_a_formula_a_number_or_a_word_and_none_collide() -> None:
    days = [dt.date(2005, 1, 1) + dt.timedelta(k) for k in range(20_000)]
    codes = [pseudonym(KEY, "Maria Rossi", day) for day in days]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(rf"[{LETTERS}][{SYMBOLS}]{{{CODE_LENGTH - 1}}}", code) for code in codes)
    assert len(SYMBOLS) == 24
    assert not set(SYMBOLS) & set("AEIOUYLSZ018")
    places = len(codes) / 24  # each symbol as often as chance has it: within five standard deviations
    assert all(abs(sum(code[4] == symbol for code in codes) - places) < 5 * places**0.5 for symbol in SYMBOLS)


# The key ------------------------------------------------------------------------------------------------------------


def test_a_new_key_is_its_owners_alone_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "key"
    key = new_key(path)
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_key(path) == key
    with pytest.raises(UserError, match="is left alone"):
        new_key(path)
    assert read_key(path) == key


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        ("ab" * 31, 0o600, "64 random hexadecimal digits"), ("00" * 32, 0o600, "64 random hexadecimal digits"),
        ("my secret word", 0o600, "64 random hexadecimal digits"), ("", 0o600, "64 random hexadecimal digits"),
        (KEY.hex(), 0o644, "chmod 600"), (KEY.hex(), 0o640, "chmod 600"), (None, 0, "--new-key"),
    ],
)  # fmt: skip
def test_a_key_that_protects_nobody_is_refused(tmp_path: Path, content: str | None, mode: int, said: str) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_text(content)
        path.chmod(mode)
    with pytest.raises(UserError, match=said):
        read_key(path)


# From roster to study -----------------------------------------------------------------------------------------------


def test_a_roster_becomes_codes_and_a_linkage_table_outside(places: Places) -> None:
    done = enrol(places, lambda: KEY)
    codes = {name: pseudonym(KEY, name, day) for name, day in [
        ("Niccolò D'Angelo", DAY), ("Maria Pia Rossi", dt.date(2009, 11, 5)), ("Łucja Żak", dt.date(2011, 1, 31))]}  # fmt: skip
    written = (places.study / "participants.csv").read_text(encoding="utf-8").splitlines()
    assert written[0] == "participant,centre,age,sex,guardian_consent,assent,left_reason"
    rows = [
        codes["Niccolò D'Angelo"] + ",north,13,M,yes,yes,",
        codes["Maria Pia Rossi"] + ",south,13,F,yes,no,trasloco",
        codes["Łucja Żak"] + ",south,12,F,no,yes,'=1+1",
    ]
    assert written[1:] == sorted(rows)
    assert done.left_out == ("Codice fiscale",)
    assert stat.S_IMODE(places.linkage.stat().st_mode) == 0o600
    linkage = read_linkage(places.linkage)
    assert linkage.codes("ROSSI Maria-Pia") == (codes["Maria Pia Rossi"],)
    assert linkage.codes("zak lucja", dt.date(2011, 1, 31)) == (codes["Łucja Żak"],)
    assert linkage.codes("zak lucja", DAY) == linkage.codes("nobody") == ()
    inside = b"".join(path.read_bytes() for path in places.study.rglob("*") if path.is_file()).lower()
    assert not any(
        trace in inside for trace in (b"niccol", b"angelo", b"rossi", b"lucja", "łucja".encode(), b"2010-03-02")
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_the_same_children_in_any_encoding_header_and_order_give_the_same_codes(places: Places, encoding: str) -> None:
    enrol(places, lambda: KEY)
    first = (places.study / "participants.csv").read_text().splitlines()
    write(
        places.roster, "F,south,31/01/2011,Lucja Zak", 'F,south,05/11/2009,"ROSSI, MARIA PIA"',
        "M,north,02/03/2010,NICCOLO’ D’ANGELO", header="Gender,Centre,Date of birth,Full name", encoding=encoding,
    )  # fmt: skip
    enrol(places, lambda: KEY, dates="DD/MM/YYYY", replace=True)
    again = (places.study / "participants.csv").read_text().splitlines()
    assert again[0] == "participant,sex,age,centre"
    assert [row[:CODE_LENGTH] for row in again[1:]] == [row[:CODE_LENGTH] for row in first[1:]]


@pytest.mark.parametrize(("key", "rows", "lost"), [(KEY, 2, 1), (KEY[::-1], 3, 3)])
def test_no_child_who_has_a_code_is_lost(places: Places, key: bytes, rows: int, lost: int) -> None:
    enrol(places, lambda: KEY)
    before = (places.study / "participants.csv").read_bytes(), places.linkage.read_bytes()
    write(places.roster, *ROWS[:rows])
    with pytest.raises(UserError, match=f"{lost} codes would be lost"):
        enrol(places, lambda: key, replace=True)
    assert before == ((places.study / "participants.csv").read_bytes(), places.linkage.read_bytes())


@pytest.mark.parametrize(
    ("written", "read"),
    [("S", "yes"), ("x", "yes"), ("firmato", "yes"), ("VERO", "yes"), ("N", "no"), ("0", "no"), ("forse", "")],
)
def test_consent_is_yes_or_no_or_refused_at_the_door(places: Places, written: str, read: str) -> None:
    write(places.roster, ROWS[0].replace(";sì;", f";{written};"))
    if not read:
        (finding,) = refused(places)
        assert (finding.kind, finding.row, finding.column) == ("consent", 2, "guardian_consent")
        return
    enrol(places, lambda: KEY)
    assert f",{read},yes," in places.study.joinpath("participants.csv").read_text(encoding="utf-8")


def test_a_roster_in_a_workbook_gives_the_same_codes(places: Places) -> None:
    enrol(places, lambda: KEY)
    first = places.study.joinpath("participants.csv").read_bytes()
    table = [HEADER.split(";"), *(row.split(";") for row in ROWS)]
    for row in table[1:]:
        row[2] = dt.datetime.fromisoformat(row[2])  # type: ignore[call-overload]
    path = places.roster.with_suffix(".xlsx")
    path.write_bytes(workbook({"Elenco": table}))  # type: ignore[dict-item]
    enrol(replace(places, roster=path, rows_of=_workbook_rows), lambda: KEY, replace=True)
    assert places.study.joinpath("participants.csv").read_bytes() == first


def test_birth_dates_are_kept_only_when_asked_for(places: Places) -> None:
    enrol(places, lambda: KEY, keep_birth_date=True)
    assert ",2010-03-02," in (places.study / "participants.csv").read_text()


@pytest.mark.parametrize("written", ["02/03/2010", "2010-02-30", "2010-3-2", "", "March 2, 2010", "20100302"])
def test_a_birth_date_in_another_form_is_a_finding_with_its_row_and_no_digit(places: Places, written: str) -> None:
    write(places.roster, *ROWS[1:], ROWS[0].replace("2010-03-02", written))
    (finding,) = refused(places)
    assert (finding.kind, finding.row, finding.column) == ("date", 4, "birth_date")
    assert not re.search(r"[0-8]", finding.found)


@pytest.mark.parametrize("born", ["2023-03-07", "1890-01-01"])
def test_a_birth_after_the_first_day_or_long_ago_is_a_finding(places: Places, born: str) -> None:
    write(places.roster, ROWS[0].replace("2010-03-02", born))
    assert [(f.kind, f.row) for f in refused(places)] == [("date", 2)]


def test_the_same_child_twice_is_told_with_both_rows(places: Places) -> None:
    write(places.roster, *ROWS, ROWS[0].replace("Niccolò", "NICCOLO'"))
    (finding,) = refused(places)
    assert (finding.kind, finding.row) == ("duplicate_child", 5)
    assert "row 2" in finding.expected["en"]


def test_two_children_of_one_code_are_told(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrolment, "pseudonym", lambda key, name, born: "BBBBBBBBBB")
    assert [(f.kind, f.row) for f in refused(places)] == [("collision", 3), ("collision", 4)]


@pytest.mark.parametrize(
    ("old", "new", "row"),
    [
        ("M;sì;Sì;;", "M;sì;Sì;Niccolò ha cambiato scuola;", 2),  # the child's own first name
        ("trasloco", "va con Łucja Żak", 3),  # another child's whole name
        ("trasloco", "d'angelo niccolo", 3),
        ("trasloco", "RÓSSI", 3),  # nothing but a surname
        ("M;sì;Sì;;", "M;sì;Sì;Dangelo ha cambiato scuola;", 2),  # its own surname, without the apostrophe
    ],
)
def test_a_name_that_would_stay_in_a_cell_is_refused(places: Places, old: str, new: str, row: int) -> None:
    write(places.roster, *(line.replace(old, new) for line in ROWS))
    assert [(f.kind, f.row, f.column) for f in refused(places)] == [("name_stays", row, "left_reason")]


@pytest.mark.parametrize(
    ("file", "content", "row"),
    [
        ("responses.csv", "participant,wave,item,value\nX,t0,making_1,4\nX,t0,note,gioca con Maria Pia Rossi\n", 3),
        ("exports/form.csv", "Nome;q\r\nNICCOLO' D'ANGELO;3\r\n", 2),
        ("notes.md", "Ciao\n\nD'Angelo, Niccolò: arriva tardi\n", 3),
    ],
)
def test_a_name_that_lies_in_the_study_already_is_refused(places: Places, file: str, content: str, row: int) -> None:
    (places.study / file).parent.mkdir(exist_ok=True)
    (places.study / file).write_text(content, encoding="utf-8")
    assert [(f.kind, f.file, f.row) for f in refused(places)] == [("name_stays", file, row)]


def test_a_name_in_a_workbook_is_refused(places: Places) -> None:
    (places.study / "exports").mkdir()
    with zipfile.ZipFile(places.study / "exports" / "form.xlsx", "w") as book:
        book.writestr("xl/sharedStrings.xml", "<sst><si><t>Niccol&#242; D&apos;Angelo</t></si></sst>")
    assert [(f.kind, f.file) for f in refused(places)] == [("name_stays", "exports/form.xlsx")]


@pytest.mark.parametrize(
    "cell",
    [
        "niccolo_dangelo@mail.it", "scrivere a dangelo.niccolo2010@mail.it", "NiccolòDAngelo", "DANGELONICCOLO", "dangeloniccolò",
        "Niccolò Dangelo", "dangelo", "xNiccolo-D'Angelo.jpg", "file_niccolodangelo_finale", "Niccolo\u0300DAngelo",
        "niccolo;dangelo,", "AliRe", "re.ali", "alire@mail.it", "Ali\u0300Re", "scrive alire7@mail.it", "Re Ali",
        "mariapiarossi", "RossiMariaPia@x.it", "rossi_mariapia", "DiMarcoLeo", "leo.dimarco",
    ],
)  # fmt: skip
def test_a_name_is_found_however_it_is_written_together(cell: str) -> None:
    assert Names(["Niccolò D'Angelo", "Ali Re", "Maria Pia Rossi", "Leo Di Marco"]).stand_in(cell)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("Rosa Rio", "recita il rosario"), ("Ada Mo", "adamo"), ("Ada Lo", "strada lontana"), ("Ali Re", "realizzare"),
        ("Ali Re", "scrivere@alire.it"), ("Maria Rossi", "Mariani rossi di rabbia"), ("Al Bero", "un albero"), ("Li Wu", "liwu"),
        ("Marco Polo", "il marchio polonia"), ("Anna Di Maria", "Annamaria"), ("Francesca", "francescano"),
        ("Rosa Mare", "cosa rosa marea"), ("Niccolò D'Angelo", "l'angelo della scuola"), ("Maria Rossi", "12,3"),
    ],
)  # fmt: skip
def test_short_names_and_parts_of_names_within_words_are_no_alarm(name: str, cell: str) -> None:
    assert not Names([name]).stand_in(cell)


def zipped(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


LINES = "q;nota\n1;Niccolò D'Angelo\n".encode()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("a.zip", zipped("b.zip", zipped("c.csv", LINES))), ("a.csv.gz", gzip.compress(LINES)), ("a.tbz", bz2.compress(LINES)),
        ("a.zip", zipped("niccolo_dangelo.txt", b"")), ("a.txt", LINES.decode().encode("utf-16-le")),
        ("Niccolò D'Angelo/a.txt", b"x"),
    ],
    ids=lambda value: value if isinstance(value, str) else "bytes",  # packed bytes hold the time of packing
)  # fmt: skip
def test_a_name_in_what_is_packed_is_refused_without_telling_it(places: Places, file: str, content: bytes) -> None:
    path = places.study / "exports" / file
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert {f.kind for f in refused(places)} == {"name_stays"}


def test_what_cannot_be_searched_for_names_is_told(places: Places) -> None:
    (places.study / "exports").mkdir()
    (places.study / "exports/form.zip").write_bytes(zipped("a.csv", LINES)[:-30])
    (places.study / "exports/photo.jpg").write_bytes(b"\xff\xd8\xff\xe0\0\x10")
    assert enrol(places, lambda: KEY).unsearched == ("exports/form.zip", "exports/photo.jpg")


def test_common_words_and_the_names_of_centres_are_no_names(places: Places) -> None:
    write(places.roster, *(line.replace("trasloco", "va al mare, in via D'Angelo Costa") for line in ROWS))
    enrol(places, lambda: KEY)


@pytest.mark.parametrize("cell", [" =1+1", "\u00a0@x", "＝1+1", "\u200b-2+3"])
def test_no_cell_of_the_study_is_a_formula(places: Places, cell: str) -> None:
    write(places.roster, *(line.replace("trasloco", cell) for line in ROWS))
    enrol(places, lambda: KEY)
    (row,) = (
        line
        for line in (places.study / "participants.csv").read_text(encoding="utf-8").splitlines()
        if ",F,yes," in line
    )
    assert row.endswith(f",'{cell.strip()}")


@pytest.mark.parametrize("name", ["=cmd()", "+39", "@x", "-", "", "Mario\x07Rossi"])
def test_what_is_no_name_is_a_finding(places: Places, name: str) -> None:
    write(places.roster, f'"{name}";2010-03-02;north', header="Nome;Nato il;Centro")
    assert [(f.kind, f.row) for f in refused(places)] == [("name", 2)]


def test_a_roster_without_names_dates_or_centres_says_which_column(places: Places) -> None:
    write(places.roster, "a;b", header="Matricola;Sesso")
    assert {f.column for f in refused(places)} == {"name", "birth_date", "centre"}


@pytest.mark.parametrize("which", ["roster", "linkage"])
@pytest.mark.parametrize("inside", ["study", "repository", "git"])
def test_names_under_the_study_or_a_repository_are_refused(
    places: Places, tmp_path: Path, which: str, inside: str
) -> None:
    (tmp_path / "elsewhere" / ".git").mkdir(parents=True)
    folder = {"study": places.study, "repository": repository(), "git": tmp_path / "elsewhere" / "deep"}[inside]
    moved = Places(**{**vars(places), which: folder / "names.csv"})
    with pytest.raises(UserError, match="Names and keys belong elsewhere"):
        enrol(moved, lambda: KEY)


def test_a_link_into_the_study_does_not_bring_names_in(places: Places, tmp_path: Path) -> None:
    (tmp_path / "away").symlink_to(places.study)
    with pytest.raises(UserError, match="belong elsewhere"):
        enrol(Places(places.roster, places.study, tmp_path / "away" / "linkage.csv"), lambda: KEY)


def test_children_of_an_earlier_call_are_written_over_only_when_asked(places: Places) -> None:
    enrol(places, lambda: KEY)
    before = (places.study / "participants.csv").read_bytes(), places.linkage.read_bytes()
    with pytest.raises(UserError, match="--replace"):
        enrol(places, lambda: KEY)
    enrol(places, lambda: KEY, replace=True)
    assert before == ((places.study / "participants.csv").read_bytes(), places.linkage.read_bytes())


def test_no_key_is_asked_for_while_the_roster_has_errors(places: Places) -> None:
    write(places.roster, ROWS[0], ROWS[0])
    with pytest.raises(StudyDefects):
        enrol(places, lambda: pytest.fail("the key was asked for"))


# Sealed for two people ----------------------------------------------------------------------------------------------


def test_linkage_and_key_sealed_for_two_open_for_either_and_for_nobody_else(places: Places, tmp_path: Path) -> None:
    x25519 = import_module("pyrage").x25519
    people = [x25519.Identity.generate() for _ in range(3)]
    files = [tmp_path / f"identity-{k}" for k in range(3)]
    for file, person in zip(files, people, strict=True):
        file.write_text(f"# created today\n# public key: {person.to_public()}\n{person}\n")
    two = tuple(str(person.to_public()) for person in people[:2])
    key = new_key(tmp_path / "key.age", two)
    enrol(Places(places.roster, places.study, places.linkage, two), lambda: read_key(tmp_path / "key.age", files[0]))
    assert b"Rossi" not in places.linkage.read_bytes()
    for file in files[:2]:
        assert read_key(tmp_path / "key.age", file) == key
        assert read_linkage(places.linkage, file).codes("rossi maria pia")
    for reader in (read_key, read_linkage):
        with pytest.raises(UserError, match="does not open with"):
            reader(places.linkage, files[2])
        with pytest.raises(UserError, match="--identity"):
            reader(places.linkage, None)


def test_a_recipient_that_is_none_and_a_missing_library_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="age1"):
        sealed.seal(b"x", ("ssh-ed25519 AAAA",))

    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(sealed, "import_module", absent)
    with pytest.raises(UserError, match=r"pip install .*\[age\]"):
        sealed.seal(b"x", ("age1",))


def test_a_file_that_is_no_linkage_table_is_told(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("participant,name\nX,Y\n")
    with pytest.raises(UserError, match="not a linkage table"):
        read_linkage(tmp_path / "l.csv")
    with pytest.raises(UserError, match="expected the linkage table"):
        read_linkage(tmp_path / "none.csv")

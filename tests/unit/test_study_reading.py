"""A study folder is read whole: every defect with its place and its remedy, nothing but a UserError, no garbage let in."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from study_builder import StudyFolder, build

from evaluation.errors import UserError
from evaluation.study.findings import Finding, StudyDefects
from evaluation.study.folder import completed_years, load_study, read_study

SHIPPED = Path(__file__).parents[2] / "data" / "raw" / "volare-alto-2023"
DOCUMENTS = ("protocol.yml", "contract.yml")
TABLES = ("instrument.csv", "participants.csv", "responses.csv", "attendance.csv", "programme.csv")


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return build(tmp_path / "study")


def line_of(study: StudyFolder, file: str, words: str) -> int:
    return next(k for k, line in enumerate(study.text(file).splitlines(), start=1) if words in line)


def said(finding: Finding) -> str:
    """The finding in English; its Italian is there as well, and another sentence."""
    italian, english = finding.sentence("it"), finding.sentence("en")
    assert "trovato" in italian
    assert italian != english
    assert finding.expected["it"] != ""
    assert finding.action["it"] != finding.action["en"]
    assert "\n" not in english
    return english


# The study as it is -----------------------------------------------------------------------------------------------


def test_a_valid_study_is_read_without_findings(study: StudyFolder):
    read = study.load()
    assert study.findings() == []
    assert (len(read.participants), len(read.consenting), read.participants["treated"].sum()) == (24, 24, 12)
    assert read.responses["value"].notna().all()
    assert read.protocol.baseline.id == "t0"
    assert [wave.id for wave in read.protocol.follow_ups] == ["t1"]
    assert read.protocol.primary.id == "skills"


def test_the_study_that_ships_is_read_without_findings():
    assert read_study(SHIPPED)[1].items == []


@pytest.mark.parametrize("missing", ["no-such-folder", "study/protocol.yml", "nul\0name"])
def test_a_folder_that_is_not_there_is_a_user_error(tmp_path: Path, study: StudyFolder, missing: str):
    with pytest.raises(UserError, match="no such study folder"):
        read_study(tmp_path / missing)


@pytest.mark.parametrize("file", ["contract.yml", "attendance.csv", "programme.csv"])
def test_an_optional_file_may_be_absent(study: StudyFolder, file: str):
    assert study.remove(file).findings() == []
    assert getattr(study.load(), file.split(".")[0]) is None


def test_ages_are_birthdays_had_on_the_first_day(study: StudyFolder):
    from datetime import date

    study.cell("participants.csv", 2, "birth_date", "2010-03-06").cell(
        "participants.csv", 3, "birth_date", "2010-03-07"
    )
    assert list(study.load().participants["age"][:2]) == [13, 12]
    assert completed_years(date(2012, 2, 29), date(2023, 2, 28)) == 10


# Defects of any file ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", [*DOCUMENTS, *TABLES])
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", {"yaml", "table"}),
        (b"\n\n", {"yaml", "table"}),
        (b"\xef\xbb\xbf", {"yaml", "table"}),
        (b"a: 1\nb: \0", {"yaml", "table"}),
        (b"a: 1\n# caff\xe8\n", {"encoding"}),
        ("a: 1".encode("utf-16"), {"encoding"}),
    ],
    ids=["empty", "blank", "only a BOM", "NUL", "cp1252", "utf-16"],
)  # fmt: skip
def test_what_is_no_text_is_one_finding(study: StudyFolder, file: str, content: bytes, kind: set[str]):
    study.write(file, content)
    own = [finding for finding in study.findings() if finding.file == file]
    assert len(own) == 1
    assert own[0].kind in kind
    assert "UTF-8" in said(own[0])
    if content.startswith(b"a: 1\n#"):
        assert (own[0].row, own[0].found) == (2, "byte 0xe8")


@pytest.mark.parametrize("file", ["protocol.yml", "instrument.csv", "participants.csv", "responses.csv"])
@pytest.mark.parametrize("as_folder", [False, True])
def test_a_missing_file_is_one_finding(study: StudyFolder, file: str, as_folder: bool):
    study.remove(file)
    if as_folder:
        (study.path / file).mkdir()
    finding = study.only()
    assert (finding.kind, finding.file) == ("missing_file", file)
    assert "Add the file" in said(finding)


@pytest.mark.parametrize("file", ["protocol.yml", "responses.csv"])
def test_a_file_that_the_system_refuses_to_read_is_a_finding(
    study: StudyFolder, file: str, monkeypatch: pytest.MonkeyPatch
):
    whole = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == file:
            raise PermissionError(13, "Permission denied", str(path))
        return whole(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    finding = study.only()
    assert (finding.file, finding.found) == (file, "Permission denied")


@pytest.mark.parametrize("file", ["participants.csv", "responses.csv", "instrument.csv"])
def test_a_table_with_a_header_and_no_rows_is_a_finding(study: StudyFolder, file: str):
    finding = study.set_rows(file, study.rows(file)[:1]).only()
    assert (finding.kind, finding.file, finding.found) == ("no_rows", file, "no rows")


@pytest.mark.parametrize("file", [*DOCUMENTS, *TABLES])
def test_a_byte_order_mark_and_windows_line_ends_change_nothing(study: StudyFolder, file: str):
    before = study.load()
    study.write(file, b"\xef\xbb\xbf" + study.text(file).replace("\n", "\r\n").encode())
    after = study.load()
    assert after.protocol == before.protocol
    assert after.contract == before.contract
    assert after.instrument == before.instrument
    assert after.participants.equals(before.participants)
    assert after.responses.equals(before.responses)


def test_every_defect_of_every_file_is_collected_at_once(study: StudyFolder):
    study.replace("contract.yml", "kind: min_n", "kind: min").replace("contract.yml", "price: 1000", "price: -1")
    study.replace("protocol.yml", "[age, sex]", "[age, sexx]")
    study.cell("instrument.csv", 2, "minimum", "one").cell("participants.csv", 5, "centre", "nord")
    study.cell("responses.csv", 3, "value", "3,5").cell("responses.csv", 4, "wave", "T1").cell(
        "attendance.csv", 2, "date", "8/3"
    )
    study.drop_column("programme.csv", "flag")
    with pytest.raises(StudyDefects) as caught:
        load_study(study.path)
    places = {(f.file, f.row, f.column, f.child) for f in caught.value.findings}
    assert len(caught.value.findings) == 9
    assert places == {
        ("contract.yml", line_of(study, "contract.yml", "kind: min"), "decision.0.gates.0.kind", ""),
        ("contract.yml", line_of(study, "contract.yml", "price:"), "rules.0.formula.per_unit.price", ""),
        ("protocol.yml", line_of(study, "protocol.yml", "sexx"), "covariates", ""),
        ("instrument.csv", 2, "minimum", ""),
        ("participants.csv", 5, "centre", "N03"),
        ("responses.csv", 3, "value", "N00"),
        ("responses.csv", 4, "wave", "N00"),
        ("attendance.csv", 2, "date", "N00"),
        ("programme.csv", 1, "flag", ""),
    }
    assert str(caught.value).count("\n") == 8
    assert caught.value.exit_code == 2


# YAML -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "column", "meant"),
    [
        ("protocol.yml", "covariates:", "covariate:", "covariate", "covariates"),
        ("protocol.yml", "report_date:", "reportdate:", "study.reportdate", "report_date"),
        ("protocol.yml", "{it: Studio minimo, en:", "{it: Studio minimo, eng: x, en:", "study.title.eng", "en"),
        ("protocol.yml", "  labels:", "  label:", "centres.label", "labels"),
        ("protocol.yml", "north: {it: Centro Nord,", "north: {it: Centro Nord, itt: x,", "centres.labels.north.itt", "it"),
        ("protocol.yml", "{id: t0, role", "{roles: x, id: t0, role", "waves.0.roles", "role"),
        ("protocol.yml", "planned_hours:", "planned_hour:", "programme.planned_hour", "planned_hours"),
        ("protocol.yml", "{age:", "{ages:", "population.ages", "age"),
        ("protocol.yml", "direction:", "directions:", "outcomes.2.directions", "direction"),
        ("protocol.yml", "alpha:", "alfa:", "analysis.alfa", "alpha"),
        ("protocol.yml", "{minimum_cell:", "{minimum_cells:", "privacy.minimum_cells", "minimum_cell"),
        ("contract.yml", "schedule:", "schedules:", "schedules", "schedule"),
        ("contract.yml", "  effective:", "  cups: x\n  effective:", "contract.cups", "cup"),
        ("contract.yml", "name: Payer", "name: Payer, signatori: x", "parties.0.signatori", "signatory"),
        ("contract.yml", "wave: t1", "wave: t1, weigth: 1", "metrics.0.weigth", "weight"),
        ("contract.yml", "{it: Abilità,", "{it: Abilità, enn: x,", "metrics.0.label.enn", "en"),
        ("contract.yml", "    statistic:", "    ci_lvl: 0.9\n    statistic:", "decision.0.ci_lvl", "ci_level"),
        ("contract.yml", "value: 20", "value: 20, shares: 1", "decision.0.gates.0.shares", "share"),
        ("contract.yml", "metric: m, formula", "metric: m, caps: 3, formula", "rules.0.caps", "cap"),
        ("contract.yml", "{per_unit: {price: 1000}}", "{per_units: {price: 1000}}", "rules.0.formula.per_units", "per_unit"),
        ("contract.yml", "{price: 1000}", "{price: 1000, prize: 1}", "rules.0.formula.per_unit.prize", "price"),
        ("contract.yml", "{total_cap:", "{total_caps: 1, total_cap:", "limits.total_caps", "total_cap"),
        ("contract.yml", "claim_days:", "claimdays: 1, claim_days:", "schedule.0.claimdays", "claim_days"),
        ("contract.yml", "{window_days:", "{window_day: 1, window_days:", "dispute.window_day", "window_days"),
        ("contract.yml", "{mode:", "{modes: 1, mode:", "rounding.modes", "mode"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_named_with_its_line_and_the_nearest_key(
    study: StudyFolder, file: str, old: str, new: str, column: str, meant: str
):
    study.replace(file, old, new)
    (finding,) = [finding for finding in study.findings() if finding.kind == "unknown_key"]
    key = column.rpartition(".")[2]
    assert (finding.file, finding.row, finding.column, finding.found) == (
        file,
        line_of(study, file, f"{key}:"),
        column,
        key,
    )
    assert said(finding).endswith(f"Did you mean {meant}?")
    assert meant in finding.expected["en"]


@pytest.mark.parametrize(
    ("file", "old", "new", "key"),
    [
        ("protocol.yml", "covariates:", "format: 1\ncovariates:", "format"),
        ("protocol.yml", "role: baseline", "role: endline, role: baseline", "role"),
        ("contract.yml", "{price: 1000}", "{price: 1, price: 1000}", "price"),
        ("contract.yml", "{price: 1000}", '{price: 1, "price": 1000}', "price"),
    ],
)
def test_a_key_written_twice_is_a_finding(study: StudyFolder, file: str, old: str, new: str, key: str):
    finding = study.replace(file, old, new).only()
    row = line_of(study, file, new) if "\n" not in new else line_of(study, file, "covariates:") - 1
    assert (finding.kind, finding.row, finding.column) == ("duplicate_key", row, key)
    assert "Remove the extra key." in said(finding)


def test_an_alias_bomb_is_refused_before_it_unpacks(study: StudyFolder):
    bomb = "a: &a [x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join(['*' + old] * 9)}]\n"
        for old, new in zip("abcdefghijkl", "bcdefghijklm", strict=True)
    )
    started = time.process_time()
    finding = study.write("protocol.yml", bomb).only()
    assert time.process_time() - started < 5
    assert (finding.kind, finding.found, finding.row) == ("yaml", "an alias (*a)", 2)


@pytest.mark.parametrize(
    ("content", "row"),
    [
        ("format: 1\n\tstudy: x\n", 2),
        ("format: 1\nstudy: {id: x\n", 3),
        ("format: 1\nstudy: 'x\n", 3),
        ("format: 1\n--- \nformat: 1\n", 2),
        ("format: 1\n? [a]\n: b\n", 2),
        ("- format\n", 1),
        ("just words\n", 1),
        ("[" * 50_000, None),
        ("format: 1\nx: !!python/object/apply:os.system ['true']\n", 2),
    ],
)
def test_what_is_no_yaml_document_is_one_finding_with_its_line(study: StudyFolder, content: str, row: int | None):
    finding = study.write("protocol.yml", content).only()
    assert (finding.kind, finding.row) == ("yaml", row)
    assert "Write a YAML document" in said(finding)


@pytest.mark.parametrize(
    "value",
    [
        "2023-02-30", "2023-09-30T99:99:99Z", "!!bool maybe", "!!int ''", "!!int x", "!!float x", "!!timestamp x", "!!binary x",
        "2001-12-14t21:59:43.10-99:99", "=", '"\\ud800"', "[[]]", "{a: b}", ".inf", ".nan", "yes", "86400", "0", "1:2:3",
        "'86400'", "30/09/2023", "2023-09-30 10:00:00", "0x" + "F" * 5_000, "1" * 5_000, "",
    ],
)  # fmt: skip
def test_no_value_of_a_date_passes_or_breaks_reading_unless_it_is_a_date(study: StudyFolder, value: str):
    study.replace("contract.yml", "effective: 2023-03-01", f"effective: {value}")
    finding = study.only()
    assert finding.row == line_of(study, "contract.yml", "effective:")
    said(finding)


OLD_NUMBERS = ("1:30:00", "010", "0o10", "0b11", "1_000", "0x1F", "-01")  # which older YAML, or Python, would read


@pytest.mark.parametrize("word", ["1:30:00", "010", "0x1F", "<<", "=", "y", "N"])
def test_a_word_is_the_word_that_was_written(study: StudyFolder, word: str):
    study.replace("protocol.yml", "en: Tiny study", f"en: {word}")
    assert study.load().protocol.study.title.en == word


@pytest.mark.parametrize("word", ["on", "no", "010", "1:30", "~"])
def test_a_key_is_the_word_that_was_written(study: StudyFolder, word: str):
    study.replace("protocol.yml", "{id: t0, role: baseline}", "{id: t0, role: baseline, on: 2023-03-01}")
    study.replace("protocol.yml", "{id: t1, role: endline}", "{id: t1, role: endline, on: 2023-06-30}")
    assert study.load().protocol.times is not None
    finding = study.replace("protocol.yml", "alpha: 0.05", f"alpha: 0.05\n  {word}: 1").only()
    assert (finding.kind, finding.found) == ("unknown_key", word)


@pytest.mark.parametrize("word", ["no", "NO", "off", "Yes"])
def test_a_truth_value_where_a_text_is_asked_for_is_told(study: StudyFolder, word: str):
    finding = study.replace("protocol.yml", "en: Tiny study", f"en: {word}").only()
    assert finding.expected["en"].endswith("in quotes if it is a number or yes, no, on, off")
    assert study.replace("protocol.yml", f"en: {word}", f"en: '{word}'").load().protocol.study.title.en == word


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("planned_hours: 40", "planned_hours: yes", "True"),
        ("planned_hours: 40", "planned_hours: .inf", ".inf"),
        ("planned_hours: 40", "planned_hours: 0", "0"),
        ("planned_hours: 40", "planned_hours: 1e400", "1e400"),
        ("planned_hours: 40", "planned_hours: 3,5", None),
        *(("planned_hours: 40", f"planned_hours: {old}", old) for old in OLD_NUMBERS),
        *(("planned_hours: 40", f"planned_hours: '{old}'", old) for old in OLD_NUMBERS),
        *(("alpha: 0.05", f"seed: {old}", old) for old in OLD_NUMBERS),
        ("age: [11, 17]", "age: [.nan, 17]", ".nan"),
        ("age: [11, 17]", "age: [no, 17]", "False"),
        ("age: [11, 17]", "age: [17, 11]", "17, 11"),
        ("age: [11, 17]", "age: 11", "11"),
        ("from: 2023-03-06", "from: 2024-03-06", "2023-06-30"),
        ("alpha: 0.05", "alpha: 0", "0"),
        ("alpha: 0.05", "alpha: 0.5", "0.5"),
        ("alpha: 0.05", "centre_shock_icc: no", "False"),
        ("alpha: 0.05", "centre_shock_icc: 1", "1"),
        ("alpha: 0.05", "seed: yes", "True"),
        ("alpha: 0.05", "seed: 1.5", "1.5"),
        ("alpha: 0.05", "permutations: 0x" + "F" * 5_000, "0x" + "F" * 198 + "…"),
        ("minimum_answered: 0.5", "minimum_answered: 0", "0"),
        ("minimum_cell: 10", "minimum_cell: 2", "2"),
        ("minimum_cell: 10", "minimum_width: 1", "1"),
        ("minimum_cell: 10", "minimum_width: 0", "0"),
        ("treated: north", "treated: 3", "3"),
        ("treated: north", "treated: south", "south"),
        ("    north:", "    nort:", "nort"),
        ("id: tiny", "id: Tiny study", "Tiny study"),
        ("id: tiny", "id: lessons", "lessons"),
        ("id: tiny", "id: ../tiny", "../tiny"),
        ("provenance: synthetic", "provenance: reel", "reel"),
        ("estimator: did", "estimator: ddi", "ddi"),
        ("of: [making, worry]", "of: [making, wory]", "wory"),
        ("of: [making, worry]", "of: [making, skills]", "skills"),
        ("of: [making, worry]", "of: [making, making]", "making"),
        ("of: [making, worry]", "of: []", "skills: composite"),
        ("{id: worry,", "{id: worry, of: [making],", "worry: scale"),
        ("{id: travel,", "{id: making,", "making"),
        ("{id: t1, role: endline}", "{id: t0, role: endline}", "t0"),
        ("{id: t0, role: baseline}", "{id: t0, role: follow_up}", "follow_up, endline"),
        ("role: endline", "role: baseline", "baseline, baseline"),
        ("[age, sex]", "[age, age]", "age"),
        ("role: primary", "role: secondary", "secondary, placebo"),
        ("format: 1", "format: 2", "2"),
    ],
)  # fmt: skip
def test_no_value_that_cannot_be_meant_passes_in_the_protocol(
    study: StudyFolder, old: str, new: str, found: str | None
):
    study.replace("protocol.yml", old, new)
    own = [finding for finding in study.findings() if finding.file == "protocol.yml"]
    assert len(own) == 1
    assert own[0].row is not None
    assert found is None or own[0].found == found
    said(own[0])


def test_of_two_primary_outcomes_the_first_leads(study: StudyFolder):
    study.replace("protocol.yml", "{id: worry, role: secondary", "{id: worry, role: primary")
    assert study.load().protocol.primary.id == "skills"


@pytest.mark.parametrize(
    ("file", "old", "new", "column", "told"),
    [
        ("protocol.yml", "2023-03-06", "06/03/2023", "programme.from", "It may be 2023-03-06 or 2023-06-03"),
        ("protocol.yml", "2023-09-30", "2023-09-31", "study.report_date", "There is no such date"),
        ("contract.yml", "2023-03-01", "2023-03-01T10:00", "contract.effective", "Write the day without the time: 2023-03-01."),
    ],
)  # fmt: skip
def test_a_day_that_is_none_in_a_document_is_told_as_in_a_table(
    study: StudyFolder, file: str, old: str, new: str, column: str, told: str
):
    study.write(file, study.text(file).replace(old, new, 1))
    finding = next(f for f in study.findings() if f.file == file)
    assert (finding.kind, finding.row, finding.column, finding.found) == (
        "date",
        line_of(study, file, new),
        column,
        new,
    )
    assert finding.action["en"].startswith(told)


def test_a_period_of_payment_ends_after_it_begins(study: StudyFolder):
    finding = study.replace("contract.yml", "to: 2023-07-31", "to: 2023-03-05").only()
    assert (finding.kind, finding.column, finding.found) == ("invalid_value", "schedule.0.to", "2023-03-05")
    assert study.replace("contract.yml", "to: 2023-03-05", "to: 2023-03-06").findings() == []


def test_a_control_character_in_a_document_is_told_with_its_line(study: StudyFolder):
    finding = study.replace("protocol.yml", "Studio minimo", "Studio\x1bminimo").only()
    assert (finding.kind, finding.row, finding.found_in("it")) == ("yaml", 4, "il carattere U+001B")


def test_defects_inside_a_list_stand_on_their_own_lines(study: StudyFolder):
    study.replace("protocol.yml", "of: [making, worry]", "of:\n      - making\n      - wory\n      - travl")
    found = study.findings()
    assert [(f.row, f.column, f.found) for f in found] == [
        (line_of(study, "protocol.yml", "- wory"), "outcomes.0.of.1", "wory"),
        (line_of(study, "protocol.yml", "- travl"), "outcomes.0.of.2", "travl"),
    ]
    assert said(found[0]).endswith("Did you mean worry?")


def test_a_scale_without_items_is_an_unknown_outcome(study: StudyFolder):
    study.write("instrument.csv", study.text("instrument.csv").replace(",worry,", ",wory,"))
    errors = [finding for finding in study.findings() if finding.level == "error"]
    assert [(f.kind, f.found, f.row) for f in errors] == [
        ("unknown_outcome", "worry", line_of(study, "protocol.yml", "{id: worry"))
    ]
    assert said(errors[0]).endswith("Did you mean wory?")


@pytest.mark.parametrize(
    "named", ["treated", "consenting", "_row", "participant", "centre", "enrolled_on", "assent", "sexx"]
)
@pytest.mark.parametrize("key", ["covariates", "subgroups"])
def test_only_a_column_that_describes_children_is_a_covariate(study: StudyFolder, named: str, key: str):
    new = f"covariates: [{named}]" if key == "covariates" else f"covariates: []\nsubgroups: [{named}]"
    if key == "subgroups":
        study.replace("protocol.yml", "alpha: 0.05", f"alpha: 0.05\n  subgroups: [{named}]")
    else:
        study.replace("protocol.yml", "covariates: [age, sex]", new)
    finding = study.only()
    assert (finding.kind, finding.found, finding.row) == (
        "unknown_covariate",
        named,
        line_of(study, "protocol.yml", f"[{named}]"),
    )
    assert named != "sexx" or said(finding).endswith("Did you mean sex?")


# The contract -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "column", "found"),
    [
        ("outcome: skills", "outcome: skils", "metrics.m.outcome", "skils"),
        ("wave: t1", "wave: t0", "metrics.m.wave", "t0"),
        ("- metric: m", "- metric: n", "decision.0.metric", "n"),
        ("id: r, metric: m", "id: r, metric: n", "rules.0.metric", "n"),
        ("id: r, metric: m", "id: r, replaces: r, metric: m", "rules.0.replaces", "r"),
        ("id: r, metric: m", "id: r, replaces: [q], metric: m", "rules.0.replaces", "q"),
        ("per_unit: {price: 1000}", "bonus: {base: r, rate: 1}", "rules.0.formula.bonus.base", "r"),
        ("per_unit: {price: 1000}", "product: {metrics: [m, n], price: 1}", "rules.0.formula.product.metrics.1", "n"),
        ("per_unit: {price: 1000}", "product: {metrics: [m], price: 1}", "rules.0.formula.product.metrics", "['m']"),
        ("{per_unit: {price: 1000}}", "{}", "rules.0.formula", "nothing"),
        ("per_unit: {price: 1000}", "ramp: null", "rules.0.formula", "nothing"),
        ("per_unit: {price: 1000}", "steps: []", "rules.0.formula.steps", "[]"),
        (
            "per_unit: {price: 1000}", "per_unit: {price: 1}, fixed: {threshold: 0, amount: 1}",
            "rules.0.formula", "per_unit, fixed",
        ),
        (
            "per_unit: {price: 1000}", "ramp: {start: 1, full: 1, amount_start: 0, amount_full: 1}",
            "rules.0.formula.ramp.full", "1",
        ),
        (
            "per_unit: {price: 1000}", "share: {unit_value: 1, shares: [{rate: 1}, {rate: 1}]}",
            "rules.0.formula.share.shares", "None",
        ),
        ("on_fail: undetermined", "on_fail: haircut", "decision.0.gates.0.on_fail", "haircut, share None"),
        ("on_fail: undetermined", "on_fail: zero, share: 0.5", "decision.0.gates.0.on_fail", "zero, share 0.5"),
        ("on_fail: undetermined", "on_fail: haircut, share: 1.5", "decision.0.gates.0.share", "1.5"),
        ("kind: min_n", "kind: min", "decision.0.gates.0.kind", "min"),
        ("currency: EUR", "currency: euro", "contract.currency", "euro"),
        ('version: "1"', "version: 1.0", "contract.version", "1.0"),
        ("mode: half_even", "mode: half", "rounding.mode", "half"),
        ("decimals: 2", "decimals: 5", "rounding.decimals", "5"),
        ("wave: t1", "wave: t1, weight: yes", "metrics.0.weight", "True"),
        *[
            ("price: 1000", f"price: {value}", "rules.0.formula.per_unit.price", found)
            for value, found in (
                ("yes", "True"), (".nan", ".nan"), ("NaN", "NaN"), (".inf", ".inf"), ("Infinity", "Infinity"), ("-1", "-1"),
                ("1e400", "1e400"), ("'1,5'", "1,5"), ("ten", "ten"), ("1234567890123456", "1234567890123456"), ("[1]", "[1]"),
                *((old, old) for old in OLD_NUMBERS), *((f"'{old}'", old) for old in OLD_NUMBERS),
            )
        ],
    ],
)  # fmt: skip
def test_no_term_that_cannot_be_meant_passes_in_the_contract(
    study: StudyFolder, old: str, new: str, column: str, found: str
):
    finding = study.replace("contract.yml", old, new).only()
    assert (finding.file, finding.column, finding.found) == ("contract.yml", column, found)
    assert finding.row == line_of(study, "contract.yml", new)
    said(finding)


def test_ids_of_the_contract_stand_once(study: StudyFolder):
    rule = "  - {id: r, metric: m, formula: {per_unit: {price: 1000}}}\n"
    study.replace("contract.yml", rule, rule + rule)
    study.replace("contract.yml", "rules:", "  - metric: m\nrules:")
    assert [(f.column, f.found) for f in study.findings()] == [("rules.1.id", "r"), ("decision.1.metric", "m")]


def test_a_metric_of_an_unknown_outcome_names_the_nearest(study: StudyFolder):
    finding = study.replace("contract.yml", "outcome: skills", "outcome: skils").only()
    assert finding.kind == "unknown_outcome"
    assert said(finding).endswith("expected one of skills, making, worry, travel. Did you mean skills?")


@pytest.mark.parametrize(
    ("old", "new", "kind", "agreed"),
    [
        ("direction: higher", "direction: lower", "direction_differs", "higher"),
        ("unit: baseline SD", "unit: points", "unit_differs", "baseline SD"),
    ],
)
def test_a_contract_that_means_the_outcome_otherwise_is_a_warning(
    study: StudyFolder, old: str, new: str, kind: str, agreed: str
):
    finding = study.replace("contract.yml", old, new).only()
    assert (finding.level, finding.kind, finding.expected["en"]) == ("warning", kind, f"as in the protocol: {agreed}")
    assert finding.row == line_of(study, "contract.yml", new)


@pytest.mark.parametrize(
    ("written", "exact"),
    [
        ("0.1", "0.1"), ("'0.1'", "0.1"), ("1100.10", "1100.1"), ("'1100.10'", "1100.10"),
        ("1e3", "1000"), ("1.0e+3", "1000"), ("1000", "1000"), ("0.000001", "0.000001"), ("0.0000001", "1E-7"),
    ],
)  # fmt: skip
def test_money_is_the_decimal_that_was_written(study: StudyFolder, written: str, exact: str):
    contract = study.replace("contract.yml", "price: 1000", f"price: {written}").load().contract
    assert contract is not None
    formula = contract.rules[0].formula.per_unit
    assert formula is not None
    assert formula.price == Decimal(exact)


# CSV --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "3,5", "1e400", "-1e400", "nan", "NaN", "inf", "-Infinity", "٣", "３", "²", "½", "0x3", "1_0", "1 000", "3-", "--3",
        "true", "n/a", "'3", "=3",
    ],
)  # fmt: skip
def test_what_is_no_number_is_no_answer(study: StudyFolder, value: str):
    finding = study.cell("responses.csv", 3, "value", value).only()
    assert (finding.level, finding.kind, finding.file) == ("error", "invalid_value", "responses.csv")
    assert (finding.row, finding.column, finding.child, finding.found) == (3, "value", "N00", value)
    assert "expected a number with a decimal point" in said(finding)


@pytest.mark.parametrize("value", ["3", " 3 ", "3.0", "+3", "3.", "0.3e1", "\u00a03"])
def test_a_number_with_a_point_is_an_answer(study: StudyFolder, value: str):
    assert study.cell("responses.csv", 3, "value", value).load().responses["value"][1] == 3


def test_an_empty_value_is_a_missing_answer(study: StudyFolder):
    assert np.isnan(study.cell("responses.csv", 3, "value", " ").load().responses["value"][1])


@pytest.mark.parametrize(
    ("file", "column"), [("participants.csv", "birth_date"), ("participants.csv", "enrolled_on"), ("attendance.csv", "date")]
)  # fmt: skip
@pytest.mark.parametrize(
    "value",
    [
        "12/03/2010", "2010-13-01", "2010-02-30", "20100301", "2010-3-1", "٢٠١٠-03-01", "2010-03-01T00:00", "2010-W10-1",
        "0000-01-01",
    ],
)  # fmt: skip
def test_a_date_that_is_not_iso_is_a_finding(study: StudyFolder, file: str, column: str, value: str):
    finding = study.cell(file, 3, column, value).only()
    assert (finding.file, finding.row, finding.column, finding.found) == (file, 3, column, value)
    assert finding.child == study.value(file, 3, "participant")
    assert "expected a date YYYY-MM-DD" in said(finding)


@pytest.mark.parametrize("column", ["guardian_consent", "assent"])
@pytest.mark.parametrize("value", ["Yes", "sì", "1", "true", "", "y"])
def test_consent_is_yes_or_no_and_nothing_else(study: StudyFolder, column: str, value: str):
    finding = study.cell("participants.csv", 3, column, value).only()
    assert (finding.row, finding.column, finding.child, finding.found) == (3, column, "N01", value or "nothing")


@pytest.mark.parametrize(
    ("guardian", "assent", "used"), [("yes", "yes", True), ("yes", "no", False), ("no", "yes", False)]
)
def test_a_child_is_used_only_with_both_consents(study: StudyFolder, guardian: str, assent: str, used: bool):
    study.cell("participants.csv", 3, "guardian_consent", guardian).cell("participants.csv", 3, "assent", assent)
    assert ("N01" in set(study.load().consenting["participant"])) is used


@pytest.mark.parametrize("column", ["guardian_consent", "assent"])
def test_real_data_need_the_consent_columns(study: StudyFolder, column: str):
    assert study.drop_column("participants.csv", column).findings() == []
    finding = study.replace("protocol.yml", "provenance: synthetic", "provenance: real").only()
    assert (finding.kind, finding.file, finding.column) == ("missing_column", "participants.csv", column)


@pytest.mark.parametrize(
    ("file", "column", "value", "kind", "meant"),
    [
        ("participants.csv", "centre", "nord", "unknown_centre", "north"),
        ("participants.csv", "centre", "North", "unknown_centre", "north"),
        ("responses.csv", "wave", "t-0", "unknown_wave", "t0"),
        ("responses.csv", "item", "making-2", "unknown_item", "making_2"),
        ("responses.csv", "participant", "n00", "unknown_child", "N00"),
        ("attendance.csv", "participant", "n00", "unknown_child", "N00"),
    ],
)
def test_an_unknown_name_is_a_finding_with_the_nearest(
    study: StudyFolder, file: str, column: str, value: str, kind: str, meant: str
):
    finding = next(f for f in study.cell(file, 3, column, value).findings() if f.kind == kind)
    assert (finding.file, finding.row, finding.column, finding.found) == (file, 3, column, value)
    assert said(finding).endswith(f"Did you mean {meant}?")


@pytest.mark.parametrize(
    ("file", "column"),
    [
        ("participants.csv", "centre"), ("participants.csv", "participant"), ("responses.csv", "wave"), ("responses.csv", "item"),
        ("responses.csv", "participant"), ("attendance.csv", "hours"), ("attendance.csv", "date"), ("instrument.csv", "item"),
    ],
)  # fmt: skip
def test_a_name_that_is_needed_may_not_be_empty(study: StudyFolder, file: str, column: str):
    found = study.cell(file, 3, column, "  ").findings()
    assert (file, 3, column, "nothing") in [(f.file, f.row, f.column, f.found) for f in found]


def test_the_same_child_answer_or_item_twice_is_a_finding_that_names_the_first_row(study: StudyFolder):
    answer = study.append("responses.csv", "N00", " t0 ", "making_1", "3")
    child = study.append("participants.csv", *study.rows("participants.csv")[3])
    item = study.append("instrument.csv", *study.rows("instrument.csv")[2])
    assert [(f.kind, f.file, f.row, f.child, f.found) for f in study.findings()] == [
        ("duplicate_item", "instrument.csv", item, "", "making_2"),
        ("duplicate_child", "participants.csv", child, "N02", "N02"),
        ("duplicate_answer", "responses.csv", answer, "N00", "N00, t0, making_1, "),
    ]
    assert [said(f).split("expected ")[1].split(".")[0] for f in study.findings()] == [
        "one row only; row 3 has it already", "one row only; row 4 has it already", "one row only; row 2 has it already",
    ]  # fmt: skip


def test_two_raters_may_answer_the_same_item_and_one_may_not_twice(study: StudyFolder):
    study.add_column("responses.csv", "rater", lambda _: "A")
    study.append("responses.csv", "N00", "t0", "making_1", "3", "B")
    assert study.findings() == []
    study.append("responses.csv", "N00", "t0", "making_1", "3", " B ")
    assert study.only().kind == "duplicate_answer"


def test_a_ragged_row_is_a_finding_and_the_rows_after_it_keep_their_numbers(study: StudyFolder):
    lines = study.text("responses.csv").splitlines()
    lines[2] += ",7"
    lines[3] = "N00,t0"
    lines[4] = (
        lines[4].replace(",1", ",x").replace(",2", ",x").replace(",3", ",x").replace(",4", ",x").replace(",5", ",x")
    )
    found = study.write("responses.csv", "\n".join(lines)).findings()
    assert [(f.kind, f.row, f.found) for f in found] == [
        ("columns", 3, "5 values"), ("columns", 4, "2 values"), ("invalid_value", 5, "x"),
    ]  # fmt: skip


@pytest.mark.parametrize("also", ["", ","])
def test_a_cell_more_than_the_header_is_a_shifted_row_even_if_it_is_empty(study: StudyFolder, also: str):
    header, *lines = study.text("attendance.csv").splitlines()
    lines = [f"{line},{also}" for line in lines]
    lines[2] = lines[2].replace("2.5", "2,5")
    finding = study.write("attendance.csv", "\n".join([f"{header},note{also}", *lines])).only()
    assert (finding.kind, finding.row, finding.found) == ("columns", 4, f"{6 + len(also)} values")
    assert f"expected {5 + len(also)} values. " in said(finding)


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [("2,5", "", True), ("2,x", "", False), ("2.0,5", "", False), ("2,5", "2,5", False), ("2,5", "2.5,7", False)],
)
def test_hours_of_two_cells_are_told_where_no_other_row_fills_the_last(
    study: StudyFolder, first: str, second: str, told: bool
):
    header, *lines = study.text("attendance.csv").splitlines()
    lines = [f"{line}," for line in lines]
    lines[2] = lines[2].replace("2.5,", first)
    lines[7] = lines[7].replace("2.5,", second or "2.5,")
    found = study.write("attendance.csv", "\n".join([f"{header},note", *lines])).findings()
    assert [(f.kind, f.row, f.column, f.found) for f in found] == [("columns", 4, "hours", "2,5")] * told
    assert all(said(f).endswith("If the number is 2.5, write it so; if the row is right, write 2.0.") for f in found)


def test_a_row_set_aside_leaves_its_child_and_its_item_without_other_findings(study: StudyFolder):
    study.replace("participants.csv", "N02,north,", "N02,north,,").replace(
        "instrument.csv", "So riparare.", "So, credo."
    )
    assert [(f.kind, f.file, f.row) for f in study.findings()] == [
        ("columns", "instrument.csv", 4), ("columns", "participants.csv", 4),
    ]  # fmt: skip


@pytest.mark.parametrize("file", ["attendance.csv", "programme.csv"])
def test_an_optional_table_without_rows_is_a_finding(study: StudyFolder, file: str):
    finding = study.set_rows(file, study.rows(file)[:1]).only()
    assert (finding.kind, finding.file) == ("no_rows", file)
    assert said(finding).endswith("an optional file may be removed.")


@pytest.mark.parametrize(
    ("file", "expected"), [("participants.csv", "a code"), ("responses.csv", "a code of participants.csv")]
)
def test_nobody_is_asked_for_the_name_of_a_child(study: StudyFolder, file: str, expected: str):
    study.append(file, "", *study.rows(file)[1][1:])
    finding = next(f for f in study.findings() if f.file == file)
    assert (finding.kind, finding.column, finding.expected["en"]) == ("missing_value", "participant", expected)


@pytest.mark.parametrize(
    ("cell", "found", "told"),
    [
        ("x" * 140_000, "una cella oltre 131072 caratteri", "Shorten the text, or close the quotes."),
        ('"x', "virgolette mai chiuse", "Close the quotes; inside a text, double them."),
        ('"x" y', "testo dopo le virgolette chiuse", "Close the quotes; inside a text, double them."),
    ],
    ids=["long", "open", "after"],
)
def test_what_is_no_csv_is_told_in_both_languages(study: StudyFolder, cell: str, found: str, told: str):
    study.write("programme.csv", study.text("programme.csv") + cell)
    finding = study.only()
    assert (finding.kind, finding.row, finding.found_in("it")) == ("table", 3, found)
    assert said(finding).endswith(told)


@pytest.mark.parametrize("magic", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_a_workbook_under_a_csv_name_is_told(study: StudyFolder, magic: bytes):
    finding = study.write("attendance.csv", magic + b"\0" * 90).only()
    assert (finding.kind, finding.row) == ("table", None)
    assert "workbook" in said(finding)
    assert said(finding).endswith("Save the file as CSV UTF-8.")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("So costruire 👩\u200d🔬", False), ("da solo,\r\no con altri", False), ("a\tb", False), ("می\u200cخواهم", False),
        ("So\u202e costruire", True), ("So\x1b[2J", True), ("So\x9bcostruire", True), ("co\u200dstruire", True),
        ("So\ufeff", True),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("file", "column"), [("instrument.csv", "wording_it"), ("programme.csv", "source")])
def test_only_what_no_screen_shows_is_invisible(study: StudyFolder, file: str, column: str, words: str, told: bool):
    found = study.cell(file, 2, column, words).findings()
    assert [(f.kind, f.file, f.row, f.column) for f in found] == [("control_character", file, 2, column)] * told


def test_an_invisible_character_is_told_once_where_a_code_is_declared(study: StudyFolder):
    for file in ("participants.csv", "responses.csv", "attendance.csv"):
        study.write(file, study.text(file).replace("N04,", "N0\u200b4,"))
    finding = study.only()
    assert (finding.kind, finding.file, finding.row, finding.column) == (
        "control_character", "participants.csv", 6, "participant",
    )  # fmt: skip


@pytest.mark.parametrize("refuses", [False, True])
def test_a_child_whose_data_are_used_has_a_birth_date_or_an_age(study: StudyFolder, refuses: bool):
    study.cell("participants.csv", 5, "birth_date", "").cell(
        "participants.csv", 5, "assent", "no" if refuses else "yes"
    )
    assert [(f.kind, f.row, f.column, f.child) for f in study.findings()] == [
        ("missing_value", 5, "birth_date", "N03")
    ] * (not refuses)
    study.add_column("participants.csv", "age", lambda row: "14" if row[0] == "N03" else "")
    ages = study.load().participants.set_index("participant")["age"]
    assert ages["N03"] == 14
    assert ages.notna().all()


@pytest.mark.parametrize(("years", "told"), [(-2, True), (-1, False), (0, False), (1, False), (2, True)])
def test_an_age_more_than_a_year_from_the_birth_date_is_a_warning_and_the_date_counts(
    study: StudyFolder, years: int, told: bool
):
    age = study.load().participants["age"][3]
    found = study.add_column("participants.csv", "age", lambda row: f"{age + years:g}" * (row[0] == "N03")).findings()
    assert [(f.level, f.kind, f.row, f.column, f.child, f.found) for f in found] == [
        ("warning", "age_differs", 5, "age", "N03", f"{age + years:g}; {age:g} by the date of birth")
    ] * told
    assert study.load().participants["age"][3] == age


def test_blank_lines_are_no_rows_and_count_as_a_spreadsheet_counts_them(study: StudyFolder):
    lines = study.text("responses.csv").splitlines()
    lines[3] = lines[3].rpartition(",")[0] + ",x"
    finding = study.write("responses.csv", "\n".join([*lines[:2], "", "", *lines[2:], "", ""])).only()
    assert (finding.row, finding.found) == (6, "x")


def test_a_row_counts_once_however_many_lines_its_cells_hold(study: StudyFolder):
    rows = study.rows("instrument.csv")
    rows[1][5] = 'Una "parola",\ne poi\r\nun\'altra'
    rows[2][2], rows[2][4] = "x", "no"
    study.set_rows("instrument.csv", rows)
    finding = study.only()
    assert (finding.row, finding.found) == (3, "x")
    assert study.cell("instrument.csv", 3, "minimum", "1").load().instrument["making_1"].wording["it"] == rows[1][5]


def test_a_quote_that_never_ends_is_a_finding_with_the_row_it_begins_in(study: StudyFolder):
    finding = study.write(
        "responses.csv", study.text("responses.csv").replace("N00,t0,making_3,", 'N00,t0,making_3,"')
    ).only()
    assert (finding.kind, finding.row) == ("table", 4)


@pytest.mark.parametrize(
    ("file", "old", "new", "column"),
    [
        ("participants.csv", "centre", "center", "centre"),
        ("responses.csv", "value", "valore", "value"),
        ("responses.csv", "participant", "partecipant", "participant"),
        ("instrument.csv", "minimum", "min", "minimum"),
        ("attendance.csv", "hours", "hour", "hours"),
        ("programme.csv", "source", "sources", "source"),
    ],
)
def test_a_missing_column_is_a_finding_that_names_the_column_to_rename(
    study: StudyFolder, file: str, old: str, new: str, column: str
):
    header, *rows = study.rows(file)
    study.set_rows(file, [[new if name == old else name for name in header], *rows])
    finding = study.only()
    assert (finding.kind, finding.file, finding.row, finding.column) == ("missing_column", file, 1, column)
    assert column in said(finding)
    if new not in ("min", "valore"):
        assert said(finding).endswith(f"Rename the column {new} to {column}.")


def test_birth_date_or_age_must_stand_there(study: StudyFolder):
    finding = study.drop_column("participants.csv", "birth_date").only()
    assert (finding.kind, finding.column) == ("missing_column", "birth_date / age")


def test_birth_dates_need_the_first_day_of_the_programme(study: StudyFolder):
    finding = study.replace("protocol.yml", "from: 2023-03-06, ", "").only()
    assert (finding.file, finding.column, finding.row) == (
        "protocol.yml",
        "programme.from",
        line_of(study, "protocol.yml", "programme:"),
    )


@pytest.mark.parametrize(
    ("name", "kind"), [("sex", "duplicate_column"), (" sex ", "duplicate_column"), ("_row", "reserved_column")]
)
def test_a_column_that_would_hide_another_is_a_finding(study: StudyFolder, name: str, kind: str):
    finding = study.add_column("participants.csv", name).only()
    assert (finding.kind, finding.row, finding.column) == (kind, 1, name.strip())


def test_two_hundred_columns_are_read(study: StudyFolder):
    header, *rows = study.rows("participants.csv")
    extra = [f"extra_{k}" for k in range(200)]
    study.set_rows("participants.csv", [header + extra, *([*row, *(["x"] * 200)] for row in rows)])
    assert study.findings() == []
    assert study.load().participants["extra_199"].eq("x").all()


def test_more_columns_than_any_export_has_are_a_finding(study: StudyFolder):
    study.write("participants.csv", ",".join(f"c{k}" for k in range(2_000)) + "\n")
    assert study.only().found == "2000 columns"


@pytest.mark.parametrize("value", ["-1", "25", "nan", "2,5"])
def test_hours_of_a_day_lie_between_none_and_all(study: StudyFolder, value: str):
    finding = study.cell("attendance.csv", 3, "hours", value).only()
    assert (finding.file, finding.row, finding.column, finding.found) == ("attendance.csv", 3, "hours", value)


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("reverse", " ", "nothing"), ("minimum", "5", "5 to 5"),
        ("maximum", "0", "1 to 0"), ("maximum", "five", "five"), ("reverse", "true", "true"),
    ],
)  # fmt: skip
def test_an_item_needs_a_range_and_yes_or_no(study: StudyFolder, column: str, value: str, found: str):
    finding = study.cell("instrument.csv", 2, column, value).only()
    assert (finding.file, finding.row, finding.found) == ("instrument.csv", 2, found)


def test_a_reversed_item_needs_both_ends(study: StudyFolder):
    finding = study.cell("instrument.csv", 3, "maximum", "").only()
    assert (finding.kind, finding.row, finding.column) == ("range", 3, "reverse")


def test_an_item_of_a_misspelt_scale_does_not_vanish_without_a_word(study: StudyFolder):
    finding = study.cell("instrument.csv", 2, "scale", "makin").only()
    assert (finding.level, finding.kind, finding.row, finding.column) == ("warning", "unknown_scale", 2, "scale")
    assert said(finding).endswith("Did you mean making?")


def test_a_covariate_of_numbers_is_numeric_and_one_with_a_word_is_not(study: StudyFolder):
    study.replace("protocol.yml", "[age, sex]", "[grade, school]")
    study.add_column("participants.csv", "grade", lambda row: "" if row[0] == "N00" else "7")
    study.add_column("participants.csv", "school", lambda row: "" if row[0] == "N00" else "٧")
    children = study.load().participants
    assert children["grade"].dtype == float
    assert np.isnan(children["grade"][0])
    assert list(children["school"][:2].isna()) == [True, False]
    assert children["school"][1] == "٧"


def test_names_from_the_data_cannot_steer_a_terminal(study: StudyFolder):
    study.append("responses.csv", "X\x1b[31m\nè", "t0", "making_1", "3")
    study.add_column("participants.csv", "a\x1b\nb").replace("protocol.yml", "[age, sex]", "[zz]")
    with pytest.raises(StudyDefects) as caught:
        study.load()
    assert str(caught.value).count("\n") == 1
    assert "\x1b" not in str(caught.value)
    assert r'"X\x1b[31m\nè"' in str(caught.value)


def test_a_codebook_of_other_codes_is_told_in_seconds(study: StudyFolder):
    header, *rows = study.rows("responses.csv")
    study.set_rows("responses.csv", [header, *(["child-" + row[0], *row[1:]] for row in rows * 20)])
    started = time.process_time()
    found = study.findings()
    assert time.process_time() - started < 10
    assert sum(f.kind == "unknown_child" for f in found) == 20 * len(rows)


# Fuzzing ----------------------------------------------------------------------------------------------------------

MEANINGFUL = [b",", b'"', b"\n", b"\r", b"\t", b"\0", b": ", b"- ", b"{", b"]", b"!!int ", b"&a ", b"*a", b"1e999"]
QUICK = settings(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """The study that ships, with the answers of two children only, so that it is read fast."""
    folder = tmp_path_factory.mktemp("fuzz")
    study = StudyFolder(folder)
    for file in (*DOCUMENTS, *TABLES):
        study.write(file, (SHIPPED / file).read_bytes())
    for file in ("responses.csv", "attendance.csv"):
        rows = study.rows(file)
        kept = list(dict.fromkeys(row[0] for row in rows[1:]))[:2]
        study.set_rows(file, [rows[0], *(row for row in rows[1:] if row[0] in kept)][:200])
    assert study.findings() == []
    return study


@pytest.mark.parametrize("file", [*DOCUMENTS, *TABLES])
@QUICK
@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace"))))
def test_random_bytes_never_break_reading_and_never_pass(small: StudyFolder, file: str, content: bytes):
    before = (small.path / file).read_bytes()
    try:
        small.write(file, content)
        assert any(finding.file == file for finding in small.findings())
    finally:
        small.write(file, before)


@pytest.mark.parametrize("file", [*DOCUMENTS, *TABLES])
@QUICK
@given(data=st.data())
def test_random_mutations_never_raise_anything_but_a_user_error(small: StudyFolder, file: str, data: st.DataObject):
    before = (small.path / file).read_bytes()
    at = data.draw(st.integers(0, len(before)))
    cut = data.draw(st.integers(0, 20))
    put = data.draw(st.one_of(st.binary(max_size=6), st.sampled_from(MEANINGFUL)))
    try:
        small.write(file, before[:at] + put + before[at + cut :])
        small.load()
    except UserError as error:
        assert str(error)
    finally:
        small.write(file, before)


CHECKED = {
    "participants.csv": ("participant", "centre", "birth_date", "guardian_consent", "assent", "enrolled_on", "left_on"),
    "responses.csv": ("participant", "wave", "item", "value"),
    "attendance.csv": ("participant", "date", "hours"),
    "instrument.csv": ("item", "scale", "minimum", "maximum", "reverse"),
}
# Text that is neither a number, nor yes or no, nor a date, nor a name of this study.
GARBAGE = st.text(min_size=1, max_size=12).filter(lambda t: t.strip() and not t.strip().isascii()) | st.sampled_from(
    ["?", "3,5", "nan", "1e999", "forse", "2023-02-30", "--", "0x1", "#REF!", "=1+1", "NULL", "<b>"]
)


@pytest.mark.parametrize(
    ("file", "column"), [(file, column) for file, columns in CHECKED.items() for column in columns]
)
@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_garbage_in_a_checked_column_never_passes_in_silence(
    small: StudyFolder, file: str, column: str, data: st.DataObject
):
    before = (small.path / file).read_bytes()
    rows = small.rows(file)
    row = data.draw(st.integers(2, len(rows)))
    garbage = data.draw(GARBAGE)
    try:
        small.cell(file, row, column, garbage)
        found = small.findings()
        renamed = {"participants.csv": "participant", "instrument.csv": "item"}.get(file) == column
        if not renamed:  # another code for a child or an item: seen where the old one is used, if it is
            assert any(f.file == file and f.row in (row, None) for f in found) or "\0" in garbage
    finally:
        small.write(file, before)

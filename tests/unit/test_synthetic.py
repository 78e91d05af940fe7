"""The synthetic study: the same bytes, the agreed counts, every public number, and nothing that gives a child away."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from evaluation.errors import UserError
from evaluation.synthetic.study import SCALES, Parameters, synthesize, write_study

SHIPPED = Path(__file__).parents[2] / "data" / "raw" / "volare-alto-2023"
ITEMS = dict(zip(SCALES, (8, 6, 10, 5, 4, 5, 5, 4, 4, 6), strict=True))
FIS, SUD = "000_f20dc0eb6f2a58c7.txt", "003_86be2357ea696ed1.txt"

# Every number of the public texts: source, indicator_en, kind, value; taken from the texts, not from the file.
PUBLIC_NUMBERS = [
    (FIS, "Diploma holders employed within 3 years, South", "context", "just over 3 of 10"),
    (FIS, "Graduates employed within 3 years, South", "context", "just over 4 of 10"),
    (FIS, "School dropout, Puglia", "context", "17.6"),
    (FIS, "School dropout, Sicily", "context", "21.1"),
    (FIS, "School dropout, Centre-North mean", "context", "10.72"),
    (FIS, "Direct recipients, day centre Volare Alto", "actual", "41"),
    (FIS, "Trainers and operators involved", "actual", "17"),
    (FIS, "Hours of STEAM training", "actual", "220"),
    (FIS, "Community Acceleration Program, startups accompanied", "actual", "10"),
    (FIS, "Community Acceleration Program, startups with a grant", "actual", "3"),
    (FIS, "Community Acceleration Program, teachers and tutors", "actual", "25"),
    (FIS, "Community Acceleration Program, acceleration hours", "actual", "190"),
    (FIS, "Community Acceleration Program, theme", "context", "sustainable mobility"),
    (FIS, "Project steps (Officine Mezzogiorno, Hub tra gli hub, Hub quarter)", "context", "3"),
    (FIS, "SIINC roles (outcome payer, impact enterprise, impact investor, evaluator)", "context", "4"),
    (FIS, "First SIINC (Clinicas de Azucar)", "context", "2016"),
    (SUD, "Education paths", "target", "9"),
    (SUD, "Education paths, Space Camp", "target", "1"),
    (SUD, "Education paths, STEAMcamp", "target", "5"),
    (SUD, "Education paths, STEAMcamp Family", "target", "3"),
    (SUD, "Young people to reach", "target", "180"),
    (SUD, "Parents to reach", "target", "120"),
    (SUD, "In-Community paths", "target", "3"),
    (SUD, "In-Community, startups per path", "target", "3"),
    (SUD, "In-Community, participating third-sector organisations", "actual", "9"),
    (SUD, "In-Community, phase 0", "target", "one-to-one meetings on training needs"),
    (SUD, "In-Community, phase 1: meetings", "target", "14"),
    (SUD, "In-Community, phase 1: length of a meeting", "target", "3"),
    (SUD, "In-Community, phase 1: time slot", "target", "9:00-13:00"),
    (SUD, "In-Community, phase 1: meetings a month", "target", "5"),
    (SUD, "In-Community, phase 1: place", "target", "Officine Cantelmo"),
    (SUD, "In-Community, phase 1: hours in all", "derived", "42"),
    (SUD, "In-Community, phase 2: mentoring sessions", "target", "14"),
    (SUD, "In-Community, phase 2: length of a session", "target", "4"),
    (SUD, "In-Community, phase 2: place", "target", "Molo 12 or online"),
    (SUD, "In-Community, phase 2: hours in all", "derived", "56"),
    (SUD, "In-Community, call deadline", "context", "30 November, 23:59"),
]
ORGANISATIONS = {
    "Movidabilia": "2021-2022",
    "Locomotive Jazz Club": "2021-2022",
    "CulturAmbiente": "2021-2022",
    "Apulia Stories": "2022-2023",
    "Camera a Sud": "2022-2023",
    "MABASTA": "2022-2023",
    "EduVita": "",
    "WeDo": "",
    "Portatori Sani di Sorrisi": "",
}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return synthesize()


def table(files: dict[str, bytes], name: str) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(files[f"{name}.csv"]), dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def instrument(files):
    return table(files, "instrument")


@pytest.fixture(scope="module")
def participants(files):
    return table(files, "participants")


@pytest.fixture(scope="module")
def responses(files):
    return table(files, "responses")


@pytest.fixture(scope="module")
def attendance(files):
    return table(files, "attendance")


@pytest.fixture(scope="module")
def programme(files):
    return table(files, "programme")


def english(cell: str) -> str:
    return cell.split(" / ")[-1]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(files):
    assert synthesize(Parameters()) == files
    assert synthesize(Parameters(seed=1))["responses.csv"] != files["responses.csv"]


def test_the_study_that_ships_is_the_one_the_code_makes(files):
    assert {path.name: path.read_bytes() for path in SHIPPED.iterdir()} == files


def test_files_are_utf8_with_unix_line_ends(files):
    for name, content in files.items():
        assert b"\r" not in content, name
        assert content.decode().endswith("\n"), name
        assert not content.startswith(b"\xef\xbb\xbf"), name


def test_forty_one_and_thirty_eight_children_are_enrolled(participants):
    assert participants["centre"].value_counts().to_dict() == {"volare-alto": 41, "confronto": 38}
    assert participants["participant"].is_unique


def test_codes_say_nothing_about_the_centre(participants):
    assert participants["participant"].is_monotonic_increasing
    assert participants["participant"].str.fullmatch("[B-DF-HJ-NP-TV-Z]{2}[2-9][B-DF-HJ-NP-TV-Z][2-9]").all()
    changes = (participants["centre"] != participants["centre"].shift()).sum()
    assert changes > 20, "children of one centre stand together"


def test_children_are_eleven_to_seventeen_when_the_programme_starts(participants):
    start = date(2023, 3, 6)
    born = [date.fromisoformat(day) for day in participants["birth_date"]]
    ages = {start.year - day.year - ((start.month, start.day) < (day.month, day.day)) for day in born}
    assert ages == set(range(11, 18))


def test_a_child_without_consent_or_assent_has_no_answers_and_no_attendance(participants, responses, attendance):
    refused = participants.query("guardian_consent == 'no' or assent == 'no'")
    assert refused["centre"].value_counts().to_dict() == {"confronto": 2, "volare-alto": 1}
    assert not set(refused["participant"]) & {*responses["participant"], *attendance["participant"]}


def test_every_consenting_child_has_a_baseline_and_ten_are_lost(participants, responses):
    consenting = participants.query("guardian_consent == 'yes' and assent == 'yes'").set_index("participant")["centre"]
    seen = responses.groupby("wave")["participant"].unique()
    assert set(seen["t0"]) == set(consenting.index)
    lost = consenting.drop(seen["t1"])
    assert lost.value_counts().to_dict() == {"volare-alto": 5, "confronto": 5}
    left = participants.query("left_on != ''").set_index("participant")
    assert set(left.index) < set(lost.index)
    assert left["left_reason"].ne("").all()


def test_every_construct_has_its_number_of_items_in_order(instrument):
    sizes = instrument.loc[instrument["scale"] != "", "scale"].value_counts(sort=False)
    assert list(sizes.items()) == list(ITEMS.items())
    assert instrument["item"].is_unique


def test_wording_is_short_and_in_both_languages(instrument):
    for column in ("wording_it", "wording_en"):
        assert instrument[column].str.split().str.len().between(3, 15).all()
        assert instrument[column].is_unique
    assert (instrument["wording_it"] != instrument["wording_en"]).all()


def test_five_scales_or_more_hold_a_reversed_item(instrument):
    reversed_scales = set(instrument.loc[instrument["reverse"] == "yes", "scale"])
    assert reversed_scales >= {"interest", "futures", "emotions", "persistence", "school"}


def test_answers_lie_on_their_response_scale_and_some_are_missing(instrument, responses):
    rows = responses.merge(instrument, on="item", validate="many_to_one")
    assert len(rows) == len(responses)
    given = rows[rows["value"] != ""].astype({"value": int, "minimum": int, "maximum": int})
    assert given["value"].between(given["minimum"], given["maximum"]).all()
    assert 0.02 < (rows["value"] == "").mean() < 0.05


def test_two_raters_score_the_task_and_nothing_else(responses):
    task = responses["item"].str.startswith("task_")
    assert set(responses.loc[task, "rater"]) == {"r1", "r2"}
    assert set(responses.loc[~task, "rater"]) == {""}
    assert not responses.duplicated(["participant", "wave", "item", "rater"]).any()


def scales_left(responses: pd.DataFrame) -> int:
    """How many scales, of a child and wave, have less than half of their answers."""
    own = responses[(responses["rater"] == "") & (responses["item"] != "travel_time")]
    scale = own["item"].str.rsplit("_", n=1).str[0]
    answered = own["value"].ne("").groupby([own["participant"], own["wave"], scale]).mean()
    return int((answered < 0.5).sum())


def test_scales_are_left_half_way_as_often_as_asked_and_never_in_the_study_that_ships(responses):
    files = synthesize(Parameters(broken_off=0.01))
    left = scales_left(pd.read_csv(io.BytesIO(files["responses.csv"]), dtype=str, keep_default_na=False))
    assert scales_left(responses) == 0
    assert 3 <= left <= 25  # about 1,300 scales of the children's own, of which one in a hundred


def test_waves_are_asked_before_and_after_the_programme(responses):
    sheets = responses[["participant", "wave", "answered_at", "seconds"]].drop_duplicates()
    assert not sheets.duplicated(["participant", "wave"]).any()
    days = sheets["answered_at"].str[:10].groupby(sheets["wave"]).agg(["min", "max"])
    assert days.loc["t0", "max"] < "2023-03-06"
    assert days.loc["t1", "min"] > "2023-06-30"
    assert sheets["seconds"].astype(int).between(300, 3000).all()


def test_sessions_add_up_to_the_planned_hours_within_the_programme(attendance, participants):
    plan = attendance[["date", "activity", "hours"]].drop_duplicates().astype({"hours": int})
    assert plan["hours"].sum() == 220
    assert plan["date"].is_unique
    assert plan["date"].between("2023-03-06", "2023-06-30").all()
    assert set(plan["activity"]) == {"STEAM & Future Thinking", "Innovation Camp"}


def test_only_treated_children_attend_and_most_for_more_than_half_the_hours(attendance, participants):
    children = participants.set_index("participant")
    assert set(children.loc[attendance["participant"].unique(), "centre"]) == {"volare-alto"}
    hours = attendance["hours"].astype(int).groupby(attendance["participant"]).sum()
    stayed = hours[children.loc[hours.index, "left_on"] == ""]
    assert stayed.between(0.5 * 220, 220).all()
    left = attendance["participant"].map(children["left_on"])
    assert (attendance["date"] < left)[left != ""].all()


def test_protocol_names_the_centres_waves_and_scales_of_the_tables(files, participants, responses, instrument):
    protocol = yaml.safe_load(files["protocol.yml"])
    assert protocol["study"]["id"] == "volare-alto-2023"
    assert protocol["study"]["provenance"] == "synthetic"
    assert {protocol["centres"]["treated"], protocol["centres"]["comparison"]} == set(participants["centre"])
    assert [wave["id"] for wave in protocol["waves"]] == sorted(set(responses["wave"]))
    kinds = {kind: [row["id"] for row in protocol["outcomes"] if row["kind"] == kind] for kind in ("scale", "measure")}
    assert kinds["scale"] == list(SCALES)
    assert set(kinds["measure"]) <= set(instrument.loc[instrument["scale"] == "", "item"])
    assert all(set(row["label"]) == {"it", "en"} for row in protocol["outcomes"])
    assert all(word in protocol["study"]["title"][code] for code, word in (("it", "sintetico"), ("en", "synthetic")))


def test_contract_is_marked_fictional_and_its_amounts_are_no_floats(files):
    terms = yaml.safe_load(files["contract.yml"])
    assert terms["contract"]["fictional"] is True
    roles = {"outcome_payer", "impact_enterprise", "impact_investor", "evaluator"}
    assert {party["role"] for party in terms["parties"]} == roles
    assert all("inventat" in party["name"] + party["signatory"].lower() for party in terms["parties"])
    ramp = terms["rules"][0]["formula"]["ramp"]
    money = [ramp["amount_start"], ramp["amount_full"], terms["rules"][0]["cap"], terms["limits"]["total_cap"]]
    assert all(isinstance(amount, str) for amount in money)


@pytest.mark.parametrize(("source", "indicator", "kind", "value"), PUBLIC_NUMBERS)
def test_every_public_number_has_its_row(programme, source, indicator, kind, value):
    row = programme[programme["indicator_en"] == indicator]
    assert row[["source", "kind"]].to_numpy().tolist() == [[source, kind]]
    assert english(row["value"].item()) == value


def test_the_nine_organisations_are_named_with_their_edition(programme):
    rows = programme[programme["indicator_en"].str.startswith("In-Community, participating organisation")]
    assert dict(zip(rows["value"], rows["period"], strict=True)) == ORGANISATIONS
    assert rows.loc[rows["period"] == "", "flag"].str.contains("edition not stated").all()


def test_no_row_of_the_programme_is_unaccounted_for(programme):
    assert len(programme) == len(PUBLIC_NUMBERS) + len(ORGANISATIONS)


def test_a_project_has_one_source_so_that_the_two_are_never_added_up(programme):
    pairs = set(zip(programme["project"], programme["source"], strict=True))
    assert pairs == {("officine-mezzogiorno", FIS), ("pro-officine-mezzogiorno", SUD)}


def test_flags_travel_with_doubtful_and_derived_values(programme):
    flags = programme.set_index("indicator_en")["flag"]
    assert flags[flags.index.str.startswith("School dropout")].str.contains("Sicily 18.8").all()
    assert "9:00-13:00 is 4 h" in flags["In-Community, phase 1: length of a meeting"]
    assert "9:00-13:00 is 4 h" in flags["In-Community, phase 1: hours in all"]
    assert flags[programme["kind"].eq("derived").to_numpy()].str.contains("computed").all()
    assert flags[flags != ""].str.count(" / ").eq(1).all(), "Italian first, then English"


def test_changing_the_effects_moves_only_the_treated_after_the_programme(files, participants, responses):
    without = synthesize(replace(Parameters(), effects={}))
    untouched = set(files) - {"responses.csv"}
    assert {name: without[name] for name in untouched} == {name: files[name] for name in untouched}
    moved = responses[responses["value"] != table(without, "responses")["value"]]
    centre = moved["participant"].map(participants.set_index("participant")["centre"])
    assert (set(centre), set(moved["wave"])) == ({"volare-alto"}, {"t1"})
    assert "travel_time" not in set(moved["item"])


def test_changing_the_blanks_does_not_reshuffle_the_answers(responses):
    other = table(synthesize(replace(Parameters(), nonresponse=0.2, broken_off=0.1)), "responses")
    both = (other["value"] != "") & (responses["value"] != "")
    assert (other["value"] == "").mean() > 0.15
    assert (other["value"] == responses["value"])[both].all()


def test_an_unknown_scale_is_refused_by_name():
    with pytest.raises(UserError, match="interst"):
        Parameters(effects={"interst": 0.5})


def test_a_folder_that_holds_something_is_left_alone_unless_forced(tmp_path, files):
    kept = tmp_path / "protocol.yml"
    kept.write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        write_study(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["protocol.yml"]
    assert kept.read_text() == "mine"
    write_study(tmp_path, force=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files
    with pytest.raises(UserError, match="found a file"):
        write_study(kept)


def test_the_travel_time_of_a_child_is_about_the_same_at_both_waves(responses):
    rows = responses.query("item == 'travel_time' and value != ''").astype({"value": int})
    minutes = rows.pivot_table(index="participant", columns="wave", values="value").dropna()
    assert np.corrcoef(minutes["t0"], minutes["t1"])[0, 1] > 0.8
    assert minutes["t0"].ne(minutes["t1"]).any(), "without noise in the report the placebo could not fail"

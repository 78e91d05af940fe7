"""The tables of a synthetic study: participants, responses and attendance, as two day centres would hand them over."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from evaluation.synthetic.model import (
    SCALES,
    Parameters,
    answer_columns,
    blanks,
    latent_traits,
    scale_answers,
    streams,
    travel_minutes,
)

CENTRES = ("volare-alto", "confronto")
WAVES = ("t0", "t1")
FIRST_DAYS = np.array(["2023-03-01", "2023-07-03"], dtype="datetime64[m]")
START = np.datetime64("2023-03-06")
HOLIDAYS = ["2023-04-07", "2023-04-08", "2023-04-10", "2023-05-01", "2023-06-02"]
# A letter that looks like a digit is left out, and so are the vowels: no code spells a word.
LETTERS, DIGITS = "BCDFGHJKLMNPQRSTVWXZ", "23456789"
PATTERN = (LETTERS, LETTERS, DIGITS, LETTERS, DIGITS)
# In the order in which children leave; the last of three simply does not come on the day.
REASONS = ("trasferimento", "altri impegni", "")


def sessions() -> pd.DataFrame:
    """Plan the 220 hours of the programme: afternoons and Saturdays, then a camp when school is over."""
    parts = [
        ("STEAM & Future Thinking", "2023-03-06", "2023-06-10", "Mon Wed Fri", 3),
        ("STEAM & Future Thinking", "2023-03-06", "2023-06-10", "Sat", 4),
        ("Innovation Camp", "2023-06-12", "2023-06-30", "Mon Wed Fri", 6),
    ]
    plan = [
        pd.DataFrame({"date": days, "activity": activity, "hours": hours})
        for activity, first, last, week, hours in parts
        for days in [pd.bdate_range(first, last, freq="C", weekmask=week, holidays=HOLIDAYS)]
    ]
    return pd.concat(plan).sort_values("date", ignore_index=True)


def codes(count: int, draw: Generator) -> list[str]:
    """Draw distinct codes such as VK7Q2, which say nothing about centre or order of arrival."""
    sizes = [len(alphabet) for alphabet in PATTERN]
    numbers = draw.choice(np.prod(sizes), size=count, replace=False)
    places = np.stack(np.unravel_index(numbers, sizes), axis=1)
    return ["".join(alphabet[place] for alphabet, place in zip(PATTERN, row, strict=True)) for row in places]


def _first(key: NDArray[np.float64], share: float) -> NDArray[np.intp]:
    """Positions of the given share of the finite keys, smallest first."""
    return np.argsort(key, kind="stable")[: round(share * np.isfinite(key).sum())]


def _mark(
    children: pd.DataFrame, parameters: Parameters, interest: NDArray[np.float64], draw: Generator
) -> pd.DataFrame:
    """Add who refuses and who is lost, centre by centre; the less interested are likelier to be lost."""
    refusing = draw.random(len(children))
    # The logarithm of an exponential time to leaving, so that `selection` is a log hazard ratio.
    leaving = parameters.selection * interest - draw.gumbel(size=len(children))
    day = START + draw.integers(30, 100, len(children))
    for treated, refusal, attrition in zip((True, False), parameters.refusal, parameters.attrition, strict=True):
        members = np.flatnonzero(parameters.treated == treated)
        refused = members[_first(refusing[members], refusal)]
        children.loc[refused[::2], "guardian_consent"] = "no"
        children.loc[refused[1::2], "assent"] = "no"
        leaving[refused] = np.inf
        lost = members[_first(leaving[members], attrition)]
        children.loc[refused, "consents"] = False
        children.loc[lost, "lost"] = True
        reasons = np.resize(REASONS, len(lost))
        children.loc[lost, "left_reason"] = reasons
        children.loc[lost, "left_on"] = np.where(reasons == "", "", np.datetime_as_string(day[lost]))
    return children


def children_of(parameters: Parameters, interest: NDArray[np.float64], draw: Mapping[str, Generator]) -> pd.DataFrame:
    """Draw the children enrolled, treated first: the columns of participants.csv, and `consents` and `lost`."""
    count = len(parameters.treated)
    age = draw["children"].integers(11, 18, count)
    birthday = (START.astype("datetime64[M]") - 12 * age).astype("datetime64[D]") + 5
    born = birthday - draw["children"].integers(0, 365, count)
    # School year 2022-23; the youngest, born in 2012, are in the first year of middle school by early entry.
    year = born.astype("datetime64[Y]").astype(int) + 1970
    girl = draw["children"].random(count) < parameters.of_centre(parameters.girls)
    enrolled = np.busday_offset(np.datetime64("2023-02-06"), draw["children"].integers(0, 17, count))
    children = pd.DataFrame(
        {
            "participant": codes(count, draw["codes"]),
            "centre": np.where(parameters.treated, *CENTRES),
            "birth_date": np.datetime_as_string(born),
            "sex": np.where(girl, "F", "M"),
            "school_grade": np.select(
                [year >= 2009, year >= 2007], ["media", "superiori-biennio"], "superiori-triennio"
            ),
            "guardian_consent": "yes",
            "assent": "yes",
            "enrolled_on": np.datetime_as_string(enrolled),
            "left_on": "",
            "left_reason": "",
            "consents": True,
            "lost": False,
        }
    )
    return _mark(children, parameters, interest, draw["losses"])


def _questionnaires(children: pd.DataFrame, draw: Generator) -> pd.DataFrame:
    """When each child answered at each wave and how long it took, rows (child, wave)."""
    shape = (len(children), len(WAVES))
    minute = 15 * 60 + draw.integers(0, 150, shape)
    moment = FIRST_DAYS + draw.integers(0, 3, shape) * 1440 + minute
    seconds = np.round(np.exp(draw.normal(6.9, 0.25, shape))).astype(int)
    return pd.DataFrame(
        {
            "participant": np.repeat(children["participant"].to_numpy(), len(WAVES)),
            "wave": WAVES * len(children),
            "answered_at": moment.ravel().astype(str),
            "seconds": seconds.ravel(),
            "kept": np.column_stack([children["consents"], children["consents"] & ~children["lost"]]).ravel(),
        }
    )


def responses_of(
    children: pd.DataFrame,
    traits: NDArray[np.float64],
    instrument: pd.DataFrame,
    parameters: Parameters,
    draw: Mapping[str, Generator],
) -> pd.DataFrame:
    """Ask every consenting child at every wave attended; an answer left empty stays a row with an empty value."""
    columns = answer_columns(instrument)
    on_scale = columns["scale"].isin(SCALES)
    scales = scale_answers(traits, columns[on_scale], parameters.rater_sd, draw)
    travel = travel_minutes(len(children), draw["travel"])
    answers = np.concatenate([scales, travel[..., np.newaxis]], axis=2).astype(str)
    answers[blanks(columns, parameters, draw["blanks"])] = ""
    sheets = _questionnaires(children, draw["days"])
    rows = sheets.loc[np.repeat(sheets.index, len(columns))]
    asked = {name: np.tile(columns[name], len(sheets)) for name in ("item", "rater")}
    rows = rows.assign(**asked, value=answers.ravel())[rows["kept"].to_numpy()]
    rows = rows.sort_values(["participant", "wave"], kind="stable")
    return rows[["participant", "wave", "item", "rater", "value", "answered_at", "seconds"]]


def attendance_of(children: pd.DataFrame, parameters: Parameters, draw: Generator) -> pd.DataFrame:
    """Sessions attended by the consenting children of the treated centre, until they leave."""
    plan = sessions()
    mean, sd = parameters.attendance
    share = np.clip(draw.normal(mean, sd, len(children)), 0.55, 0.95)
    present = draw.random((len(children), len(plan))) < share[:, np.newaxis]
    day = np.datetime_as_string(plan["date"].to_numpy(), unit="D")
    until = children["left_on"].replace("", "9999").to_numpy(dtype=str)
    attends = parameters.treated & children["consents"].to_numpy()
    present &= attends[:, np.newaxis] & (day < until[:, np.newaxis])
    child, session = np.nonzero(present)
    rows = pd.DataFrame({"participant": children["participant"].to_numpy()[child], "date": day[session]})
    rows = rows.assign(**{name: plan[name].to_numpy()[session] for name in ("activity", "hours")})
    return rows.sort_values(["participant", "date"], kind="stable")


def tables(parameters: Parameters, instrument: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Draw a whole study: participants, responses, attendance, each in the order of the codes."""
    draw = streams(parameters.seed)
    traits = latent_traits(parameters, draw)
    children = children_of(parameters, traits[:, 0, SCALES.index("interest")], draw)
    return {
        "participants": children.drop(columns=["consents", "lost"]).sort_values("participant"),
        "responses": responses_of(children, traits, instrument, parameters, draw),
        "attendance": attendance_of(children, parameters, draw["attendance"]),
    }

"""Questionnaires filled in without reading: one answer throughout, too fast, or the answers of another child."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from evaluation.checks.found import finding, records
from evaluation.checks.questionnaires import Sheets
from evaluation.language import text
from evaluation.study.findings import Finding, Words
from evaluation.study.folder import Study
from evaluation.study.tables import ROW

FILE = "responses.csv"
SHORTEST_RUN = 10  # same answers in a row: shorter ones are common where items agree
SECONDS_AN_ITEM = 2
SECONDS_A_DAY = 86_400
INDEPENDENT_SHARE = 0.75
COINCIDENCES = 0.05
LOOK = text("Rivedere il questionario.", "Look at the questionnaire again.")


def straight_lining(_: Study, sheets: Sheets) -> Iterator[Finding]:
    """Sheets with the same answer over at least half of the items, and ten.

    The long-string index: the longest run of equal answers to consecutive items of scales, in the order of the codebook, empty
    ones left out. A run of half the questionnaire is what Curran (2016, J. Exp. Soc. Psychol. 66, 4-19) takes for a sign of
    answering without reading; the floor of ten keeps short questionnaires, whose items may simply agree, from being accused.
    """
    answers = sheets.answers[:, sheets.of_scales]
    longest, answered = longest_run(answers), (~np.isnan(answers)).sum(axis=1)
    flagged = longest >= np.maximum(SHORTEST_RUN, np.ceil(answered / 2))
    expected = text("risposte diverse a domande diverse", "answers that differ from item to item")
    about = sheets.about.assign(longest=longest, answered=answered)
    for record in records(about[flagged]):
        run, count = record["longest"], record["answered"]
        found = Words(
            f"{record['wave']}: {run} risposte uguali di seguito su {count}",
            f"{record['wave']}: {run} equal answers in a row out of {count}",
        )
        yield finding("straight_lining", FILE, record, "value", found, expected, LOOK)


def longest_run(answers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the longest run of equal answers of each row, shape (sheets,), missing ones left out."""
    run = np.zeros(len(answers), dtype=np.int64)
    longest, last = run.copy(), np.full(len(answers), np.nan)
    for column in answers.T:
        given = ~np.isnan(column)
        run = np.where(given, np.where(column == last, run + 1, 1), run)
        last = np.where(given, column, last)
        longest = np.maximum(longest, run)
    return longest


def impossible_time(_: Study, sheets: Sheets) -> Iterator[Finding]:
    """Sheets answered in less than two seconds an item, or in more than a day.

    Nobody reads and answers an item in less than two seconds (Huang et al., 2012, J. Bus. Psychol. 27, 99-114); a page left open
    overnight is no time of answering. The time of a sheet is the one number on all its rows, else the sum over its rows.
    """
    answered = (~np.isnan(sheets.answers)).sum(axis=1)
    seconds = sheets.about["seconds"].to_numpy(dtype=float)
    impossible = (answered > 0) & ((seconds < SECONDS_AN_ITEM * answered) | (seconds > SECONDS_A_DAY))
    expected = text(
        f"da {SECONDS_AN_ITEM} secondi a domanda a un giorno", f"{SECONDS_AN_ITEM} seconds an item to a day"
    )
    for record in records(sheets.about.assign(count=answered)[impossible]):
        total, count = f"{record['seconds']:g}", record["count"]
        found = Words(
            f"{record['wave']}: {total} secondi per {count} risposte",
            f"{record['wave']}: {total} seconds for {count} answers",
        )
        yield finding("completion_time", FILE, record, "seconds", found, expected, LOOK)


def identical_sheets(study: Study, sheets: Sheets) -> Iterator[Finding]:
    """Sheets of two children at one wave with the same answers throughout, where that is no coincidence.

    Were items independent, a sheet would come up with the product P of the frequencies of its answers at the wave; items of a
    scale agree, and in the model of the synthetic study two children agree on a whole scale about as often as P to the power 0.9
    says. To accuse nobody, P counts to the power 0.75 only: a sheet is told where fewer than 0.05 pairs of children at the wave
    are then expected to agree on it. Sheets with one answer throughout are told by `straight_lining` alone.
    """
    expected = text("risposte diverse da partecipanti diversi", "different answers from different participants")
    action = text(
        "Confrontare i due questionari: uno può essere una copia.", "Compare the two questionnaires: one may be a copy."
    )
    for wave in study.protocol.waves:
        mine = np.flatnonzero((sheets.about["wave"] == wave.id).to_numpy())
        first = improbable_copies(sheets.answers[mine])
        about = sheets.about.iloc[mine]
        original = about.iloc[np.maximum(first, 0)]
        copies = about.assign(of=original["participant"].to_numpy(), at=original[ROW].to_numpy())[first >= 0]
        for record in records(copies):
            found = Words(
                f"{wave.id}: le stesse risposte di {record['of']} (riga {record['at']})",
                f"{wave.id}: the same answers as {record['of']} (row {record['at']})",
            )
            yield finding("identical_sheets", FILE, record, "value", found, expected, action)


def improbable_copies(answers: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the place of the first sheet with the same answers, shape (sheets,); -1 for that one, and by chance."""
    count = len(answers)
    first = np.full(count, -1)
    if count < 2:
        return first
    filled = np.where(np.isnan(answers), np.inf, answers) + 0.0
    _, start, group = np.unique(filled, axis=0, return_index=True, return_inverse=True)
    varied = np.nanmin(filled, axis=1) < np.max(np.where(np.isinf(filled), -np.inf, filled), axis=1)
    expected = count * (count - 1) / 2 * np.exp(INDEPENDENT_SHARE * _log_probability(answers))
    copies = (start[group.ravel()] < np.arange(count)) & varied & (expected < COINCIDENCES)
    first[copies] = start[group.ravel()][copies]
    return first


def _log_probability(answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of the product of the frequencies of each sheet's answers, shape (sheets,)."""
    total = np.zeros(len(answers))
    for column in answers.T:
        given = ~np.isnan(column)
        _, place, times = np.unique(column[given], return_inverse=True, return_counts=True)
        total[given] += np.log(times[place] / given.sum())
    return total

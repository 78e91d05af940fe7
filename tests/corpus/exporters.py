"""What each survey tool makes of the same answers: its headers, its dates, its ways to leave a cell empty."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from corpus.answers import (
    CODE,
    COMMENT,
    ITEMS,
    WAVES,
    WHEN,
    WORDING,
    WRITTEN,
    Answer,
    Sheet,
    codes,
    label,
    truth,
)  # fmt: skip
from corpus.files import Style, Value, archive, text_file, workbook

PLAIN = Style()


@dataclass(frozen=True)
class Export:
    """A file, the entry of intake.yml that reads it, the codes of its answers, and what it must give back."""

    name: str
    content: bytes
    entry: dict[str, Any]
    answers: list[dict[str, object]] = field(default_factory=list)
    truth: list[Answer] = field(default_factory=list)

    def intake(self, **changes: Any) -> str:
        """Return intake.yml; `changes` replace keys of the entry (None takes one out)."""
        entry = {name: value for name, value in (self.entry | changes).items() if value is not None}
        document = {"format": 1, "exports": [{"file": self.name} | entry], "answers": self.answers}
        return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)

    def write(self, study: Path, **changes: Any) -> Path:
        """Write intake.yml into a study and the export beside it; return the export."""
        (study / "intake.yml").write_text(self.intake(**changes), encoding="utf-8")
        return self.save(study.parent)

    def save(self, folder: Path) -> Path:
        path = folder / self.name
        path.write_bytes(self.content)
        return path


def _items(names: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(names, ITEMS, strict=True))


def _wave(language: str, column: str = "") -> dict[str, Any]:
    return {"column": column or WHEN[language], "values": WAVES[language]}


def _labelled(sheet: Sheet, language: str, comma: bool = False) -> list[str]:
    words = [label(item, v, language) if v else "" for item, v in zip(ITEMS, sheet.answers, strict=True)]
    return [*words[:-1], words[-1].replace(".", ",")] if comma else words


GOOGLE = {
    "zone": lambda t: f"{t:%Y/%m/%d} {t.hour % 12 or 12}:{t:%M:%S %p} {'CEST' if 4 <= t.month <= 9 else 'CET'}",
    "dots": lambda t: f"{t:%d/%m/%Y} {t.hour}.{t:%M.%S}",
    "colons": lambda t: f"{t:%d/%m/%Y %H:%M:%S}",
    "american": lambda t: f"{t.month}/{t.day}/{t.year} {t.hour}:{t:%M:%S}",
}


def google_forms(answered: list[Sheet], language: str = "it", style: Style = PLAIN, dates: str = "dots") -> Export:
    stamp = {"it": "Informazioni cronologiche", "en": "Timestamp"}[language]
    header = [stamp, CODE[language], WHEN[language], *WORDING[language], COMMENT[language]]
    comma = language == "it"
    rows: list[list[Value]] = [
        [s.answered if dates == "cells" else GOOGLE[dates](s.answered), s.child, WRITTEN[language][s.wave],
         *_labelled(s, language, comma), s.comment]
        for s in answered
    ]  # fmt: skip
    entry = {
        "child": CODE[language], "wave_column": _wave(language), "items": _items(WORDING[language]),
        "decimal": "," if comma else ".",
    }  # fmt: skip
    name = {
        "it": "Questionario (Risposte) - Risposte del modulo 1",
        "en": "Questionnaire (Responses) - Form Responses 1",
    }
    if dates == "cells":
        sheet = {"it": "Risposte del modulo 1", "en": "Form Responses 1"}[language]
        content, suffix = workbook({sheet: [header, *rows]}, shared=False), "xlsx"
    else:
        content, suffix = text_file([header, *rows], style), "csv"  # type: ignore[list-item]
    return Export(f"{name[language]}.{suffix}", content, entry, codes(language), truth(answered, seconds=False))


def microsoft_forms(answered: list[Sheet], language: str = "it", typed: bool = True) -> Export:
    about = {
        "it": ["Id", "Ora di inizio", "Ora di completamento", "Posta elettronica", "Nome"],
        "en": ["ID", "Start time", "Completion time", "Email", "Name"],
    }[language]
    header = [
        *about,
        CODE[language],
        WHEN[language],
        *(f"{words}\u00a0" for words in WORDING[language]),
        COMMENT[language],
    ]

    def minutes(sheet: Sheet) -> Value:
        last = sheet.answers[-1]
        return None if last is None else float(last) if typed else last

    rows: list[list[Value]] = [
        [k, s.started, s.answered, "anonymous", "", s.child, WRITTEN[language][s.wave],
         *_labelled(s, language)[:-1], minutes(s), s.comment]
        for k, s in enumerate(answered, start=1)
    ]  # fmt: skip
    entry = {"child": CODE[language], "wave_column": _wave(language), "items": _items(WORDING[language])}
    content = workbook({"Form1" if language == "it" else "Sheet1": [header, *rows]})
    return Export(f"Questionario {language}.xlsx", content, entry, codes(language), truth(answered))


LIME = {
    "codes": ["id", "submitdate", "lastpage", "startlanguage", "startdate", "datestamp"],
    "it": [
        "ID risposta",
        "Data invio",
        "Ultima pagina",
        "Lingua iniziale",
        "Data di inizio",
        "Data dell'ultima azione",
    ],
    "en": ["Response ID", "Date submitted", "Last page", "Start language", "Date started", "Date last action"],
}
LIME_CODES = (
    "G01Q01[SQ001]",
    "G01Q01[SQ002]",
    "G01Q01[SQ003]",
    "G01Q01[SQ004]",
    "G02Q01[SQ001]",
    "G02Q01[SQ002]",
    "G03Q01",
)


def limesurvey_csv(
    answered: list[Sheet], language: str = "it", style: Style = PLAIN, heading: str = "codes", full: bool = False
) -> Export:
    """Not answered is a quoted empty cell; None of `answers` with the item not shown is left to the tests."""
    style = replace(style, quote="all")
    questions = {"codes": LIME_CODES, "full": WORDING[language]}.get(heading) or tuple(
        f"{code}. {words}" for code, words in zip(LIME_CODES, WORDING[language], strict=True)
    )
    about = {"codes": LIME["codes"], "full": LIME[language]}.get(heading) or [
        f"{code}. {words}" for code, words in zip(LIME["codes"], LIME[language], strict=True)
    ]
    called = {"full": WORDING[language]}.get(heading, LIME_CODES)
    own = ["codice", "quando", "altro"] if heading != "full" else [CODE[language], WHEN[language], COMMENT[language]]
    header = [*about, *(own[:2] if heading != "both" else [f"{n}. {n}?" for n in own[:2]]), *questions, own[2]]

    def answer(item: str, value: str | None) -> str:
        if value is None:
            return ""
        scale = item.partition("_")[0]
        return label(item, value, language) if full or scale == "travel" else f"A{int(value) + (scale == 'worry')}"

    rows = [
        [str(k), f"{s.answered:%Y-%m-%d %H:%M:%S}", "3", language, f"{s.started:%Y-%m-%d %H:%M:%S}",
         f"{s.answered:%Y-%m-%d %H:%M:%S}", s.child, WRITTEN[language][s.wave],
         *(answer(i, v) for i, v in zip(ITEMS, s.answers, strict=True)), s.comment]
        for k, s in enumerate(answered, start=1)
    ]  # fmt: skip
    entry = {"child": own[0], "wave_column": _wave(language, own[1]), "items": _items(called)}
    return Export(
        "results-survey123456.csv", text_file([header, *rows], style), entry, codes(language, "labels" if full else "A"),
        truth(answered),
    )  # fmt: skip


def limesurvey_vv(answered: list[Sheet], language: str = "it", style: Style = PLAIN, shown: bool = True) -> Export:
    """The bytes of LimeSurvey's own writing: escapes in braces; what was not shown says so (here: every missing answer)."""
    style = replace(style, delimiter="\t", end="\n", quote="needed")
    codes_ = [*LIME["codes"][:5], "codice", "quando", *LIME_CODES, "altro"]
    texts = [*LIME[language][:5], CODE[language], WHEN[language], *WORDING[language], COMMENT[language]]

    def escaped(value: str | None) -> str:
        if value is None:
            return "{question_not_shown}" if not shown else ""
        for written, meant in (("{", "{lbrace}"), ("\n", "{newline}"), ("\r", "{cr}"), ("\t", "{tab}")):
            value = value.strip().replace(written, meant)
        return "{quote}" + value[1:] if value.startswith('"') else value

    rows = [
        [str(k), f"{s.answered:%Y-%m-%d %H:%M:%S}", "3", language, f"{s.started:%Y-%m-%d %H:%M:%S}", s.child,
         WRITTEN[language][s.wave], *(escaped(v) for v in s.answers), escaped(s.comment)]
        for k, s in enumerate(answered, start=1)
    ]  # fmt: skip
    entry = {"child": "codice", "wave_column": _wave(language, "quando"), "items": _items(LIME_CODES)}
    content = text_file([texts, codes_, *rows], style)
    return Export("vvexport_123456.csv", content, entry, [], truth(answered, missing=shown))


KOBO_END = [
    "__version__",
    "_id",
    "_uuid",
    "_submission_time",
    "_validation_status",
    "_notes",
    "_status",
    "_submitted_by",
    "_tags",
    "_index",
]


def _kobo_tail(sheet: Sheet, k: int) -> list[str]:
    return [
        "vA1",
        str(1000 + k),
        f"uuid-{k}",
        f"{sheet.answered:%Y-%m-%dT%H:%M:%S}",
        "",
        "",
        "submitted_via_web",
        "",
        "",
        str(k),
    ]


def kobotoolbox(answered: list[Sheet], language: str = "it", style: Style = PLAIN, labels: bool = False) -> Export:
    style = replace(style, quote="all")
    called = WORDING[language] if labels else tuple(f"domande/{item}" for item in ITEMS)
    own = [CODE[language], WHEN[language], COMMENT[language]] if labels else ["chi/codice", "chi/quando", "altro"]
    header = ["start", "end", *own[:2], *called, own[2], *KOBO_END]
    rows = [
        [f"{s.started:%Y-%m-%dT%H:%M:%S}.000+01:00", f"{s.answered:%Y-%m-%dT%H:%M:%S}.512+01:00", s.child,
         WRITTEN[language][s.wave], *(_labelled(s, language) if labels else [v or "" for v in s.answers]), s.comment,
         *_kobo_tail(s, k)]
        for k, s in enumerate(answered, start=1)
    ]  # fmt: skip
    entry = {"child": own[0], "wave_column": _wave(language, own[1]), "items": _items(called)}
    return Export(
        "Questionario_-_all_versions.csv", text_file([header, *rows], style), entry, codes(language), truth(answered)
    )


def kobotoolbox_repeats(answered: list[Sheet], language: str = "it") -> Export:
    """A workbook whose questions stand in a repeat group, one row a child's answers, on a sheet of its own."""
    main = [
        ["start", "end", "codice", "quando", *KOBO_END],
        *(
            [f"{s.started:%Y-%m-%dT%H:%M:%S}.000+01:00", f"{s.answered:%Y-%m-%dT%H:%M:%S}.000+01:00", s.child,
             WRITTEN[language][s.wave], *_kobo_tail(s, k)[:-1], k]
            for k, s in enumerate(answered, start=1)
        ),
    ]  # fmt: skip
    tail = ["_index", "_parent_table_name", "_parent_index", "_submission__id", "_submission__uuid"]
    group = [
        [*(f"prova/{item}" for item in ITEMS), *tail],
        *([*s.answers, k, "Questionario", k, 1000 + k, f"uuid-{k}"] for k, s in enumerate(answered, start=1)),
    ]
    called = tuple(f"prova/{item}" for item in ITEMS)
    entry = {"child": "codice", "wave_column": _wave(language, "quando"), "items": _items(called)}
    content = workbook({"Questionario": main, "prova": group})  # type: ignore[dict-item]
    return Export("Questionario.xlsx", content, entry, [], truth(answered))


EVENTS = {"t0": "baseline_arm_1", "t1": "endline_arm_1"}
EVENT_LABELS = {"it": {"t0": "Inizio", "t1": "Fine"}, "en": {"t0": "Baseline", "t1": "Endline"}}


def redcap_raw(answered: list[Sheet], language: str = "it", style: Style = PLAIN, longitudinal: bool = True) -> Export:
    event = ["redcap_event_name"] if longitudinal else ["quando"]
    header = ["record_id", *event, "redcap_survey_identifier", "questionario_timestamp", "codice", *ITEMS, "altro",
              "questionario_complete"]  # fmt: skip
    names = EVENTS if longitudinal else WRITTEN[language]
    rows = [
        [
            str(k),
            names[s.wave],
            "",
            f"{s.answered:%Y-%m-%d %H:%M:%S}",
            s.child,
            *(v or "" for v in s.answers),
            s.comment,
            "2",
        ]
        for k, s in enumerate(answered, start=1)
    ]
    entry = {
        "child": "codice", "items": _items(ITEMS),
        "wave_column": {"column": event[0], "values": {name: wave for wave, name in names.items()}},
    }  # fmt: skip
    return Export(
        "Studio_DATA_2023-07-01_1010.csv", text_file([header, *rows], style), entry, [], truth(answered, seconds=False)
    )


def redcap_labels(answered: list[Sheet], language: str = "it", style: Style = PLAIN) -> Export:
    style = replace(style, quote="all")
    events = EVENT_LABELS[language]
    header = ["Record ID", "Event Name", "Survey Identifier", "Survey Timestamp", CODE[language], *WORDING[language],
              COMMENT[language], "Complete?", "Complete?"]  # fmt: skip
    rows = [
        [str(k), events[s.wave], "", f"{s.answered:%Y-%m-%d %H:%M:%S}", s.child, *_labelled(s, language), s.comment,
         "Complete", "Incomplete"]
        for k, s in enumerate(answered, start=1)
    ]  # fmt: skip
    entry = {
        "child": CODE[language], "items": _items(WORDING[language]),
        "wave_column": {"column": "Event Name", "values": {name: wave for wave, name in events.items()}},
    }  # fmt: skip
    name = "Studio_DATA_LABELS_2023-07-01_1010.csv"
    return Export(name, text_file([header, *rows], style), entry, codes(language), truth(answered, seconds=False))


MONKEY = {
    "it": ["ID rispondente", "ID collettore", "Data di inizio", "Data di fine", "Indirizzo IP", "Indirizzo e-mail", "Nome",
           "Cognome", "Dati personalizzati 1"],
    "en": ["Respondent ID", "Collector ID", "Start Date", "End Date", "IP Address", "Email Address", "First Name",
           "Last Name", "Custom Data 1"],
}  # fmt: skip
GRID = {"it": "Quanto sei d'accordo?", "en": "How much do you agree?"}


def surveymonkey(answered: list[Sheet], language: str = "it", style: Style = PLAIN) -> Export:
    """The four items of making are rows of one grid, whose question stands over the first of them only."""
    words, about = WORDING[language], MONKEY[language]
    single, open_ended = {"it": ("Risposta", "Risposta aperta"), "en": ("Response", "Open-Ended Response")}[language]
    header = [*about, CODE[language], WHEN[language], GRID[language], "", "", "", *words[4:], COMMENT[language]]
    below = ["" for _ in about] + [open_ended, single, *words[:4], single, single, open_ended, open_ended]
    write = {"it": lambda t: f"{t:%d/%m/%Y %H:%M:%S}", "en": lambda t: f"{t:%m/%d/%Y %I:%M:%S %p}"}[language]
    rows = [
        [str(118000000000 + k), "401", write(s.started), write(s.answered), "", "", "", "", "", s.child,
         WRITTEN[language][s.wave], *_labelled(s, language), s.comment]
        for k, s in enumerate(answered, start=1)
    ]  # fmt: skip
    called = (*(f"{GRID[language]} [{row}]" for row in words[:4]), *words[4:])
    entry = {"child": CODE[language], "wave_column": _wave(language), "items": _items(called)}
    if language == "it":  # day and month may be read both ways: intake.yml says which
        entry["dates"] = "DD/MM/YYYY HH:mm:ss"
    return Export("Questionario.csv", text_file([header, below, *rows], style), entry, codes(language), truth(answered))


def qualtrics(answered: list[Sheet], language: str = "it", style: Style = PLAIN, labels: bool = False) -> Export:
    about = ["StartDate", "EndDate", "Status", "IPAddress", "Progress", "Duration (in seconds)", "Finished", "RecordedDate",
             "ResponseId"]  # fmt: skip
    ids = [
        "startDate",
        "endDate",
        "status",
        "ipAddress",
        "progress",
        "duration",
        "finished",
        "recordedDate",
        "_recordId",
    ]
    called = tuple(f"Q{k}" for k in range(3, 10))
    header = [*about, "Q1", "Q2", *called, "Q10"]
    asked = [*about, CODE[language], WHEN[language], *WORDING[language], COMMENT[language]]
    imports = [json.dumps({"ImportId": name}) for name in ids] + [
        json.dumps({"ImportId": f"QID{k}"}) for k in range(1, 11)
    ]
    rows = [
        [f"{s.started:%Y-%m-%d %H:%M:%S}", f"{s.answered:%Y-%m-%d %H:%M:%S}", "IP Address", "", "100", str(s.seconds), "True",
         f"{s.answered:%Y-%m-%d %H:%M:%S}", f"R_{k}", s.child, WRITTEN[language][s.wave],
         *(_labelled(s, language) if labels else [v or "" for v in s.answers]), s.comment]
        for k, s in enumerate(answered, start=1)
    ]  # fmt: skip
    entry = {"child": "Q1", "wave_column": _wave(language, "Q2"), "items": _items(called)}
    content = text_file([header, asked, imports, *rows], replace(style, end="\n"))
    return Export("Questionario_1 luglio 2023_10.10.csv", content, entry, codes(language), truth(answered))


def spss(answered: list[Sheet], language: str = "it", declared: bool = False) -> Export:
    """`declared`: what was not answered has the code 99, declared missing; else it is system missing."""
    import pandas as pd
    import pyreadstat

    def number(value: str | None) -> float | None:
        return (99.0 if declared else None) if value is None else float(value)

    table = pd.DataFrame(
        {"codice": [s.child for s in answered], "quando": [WRITTEN[language][s.wave] for s in answered]}
    )
    for k, item in enumerate(ITEMS):
        table[item] = pd.Series([number(s.answers[k]) for s in answered], dtype=float)
    labels = dict(zip(ITEMS, WORDING[language], strict=True)) | {"codice": CODE[language], "quando": WHEN[language]}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "questionario.sav")
        pyreadstat.write_sav(
            table, str(path), column_labels=labels,
            variable_value_labels={"making_1": {1.0: "per niente", 5.0: "molto"}},
            missing_ranges={item: [99.0] for item in ITEMS} if declared else None,
        )  # fmt: skip
        content = path.read_bytes()
    entry = {"child": "codice", "wave_column": _wave(language, "quando"), "items": _items(ITEMS)}
    return Export("questionario.sav", content, entry, [], truth(answered, time=False, seconds=False))


def plain_wide(answered: list[Sheet], language: str = "it", style: Style = PLAIN) -> Export:
    comma = style.delimiter != ","
    header = ["participant", "wave", *ITEMS, "answered_at", "seconds", "età"]
    rows = [
        [s.child, s.wave, *((v or "").replace(".", "," if comma else ".") for v in s.answers), f"{s.answered:%Y-%m-%dT%H:%M:%S}",
         str(s.seconds), "12"]
        for s in answered
    ]  # fmt: skip
    entry = {
        "child": "participant", "wave_column": {"column": "wave"}, "items": _items(ITEMS), "decimal": "," if comma else ".",
    }  # fmt: skip
    return Export("tabella.csv", text_file([header, *rows], style), entry, [], truth(answered))


def plain_long(answered: list[Sheet], language: str = "it", style: Style = PLAIN) -> Export:
    header = ["participant", "wave", "item", "value", "answered_at", "seconds"]
    rows = [list(answer) for answer in truth(answered)]
    entry = {"child": "participant", "wave_column": {"column": "wave"}}
    return Export("risposte.csv", text_file([header, *rows], style), entry, [], truth(answered))


# Tools with one header row: what stands before and after the questions, in the words of the tool -----------------------

Tell = Callable[[Sheet, int], Value]
Columns = dict[str, Tell]


def _utc(moment: dt.datetime) -> str:
    return f"{moment.replace(tzinfo=ZoneInfo('Europe/Rome')).astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"


def _american(moment: dt.datetime) -> str:
    return f"{moment:%b} {moment.day}, {moment.year} {moment.hour % 12 or 12}:{moment:%M:%S %p}"


def _moodle_day(moment: dt.datetime) -> str:
    return f"{moment:%A}, {moment.day} {moment:%B} {moment.year}, {moment.hour % 12 or 12}:{moment:%M %p}"


def _nothing(sheet: Sheet, k: int) -> str:
    return ""


BEFORE: dict[str, Columns] = {
    "typeform": {"#": lambda s, k: f"t0k3n{k}"},
    "jotform": {"Submission Date": lambda s, k: _american(s.answered)},
    "eusurvey": {},
    "moodle_questionnaire": {
        "Response": lambda s, k: str(k), "Submitted on:": lambda s, k: f"{s.answered:%d/%m/%Y %H:%M:%S}",
        **dict.fromkeys(("Institution", "Department", "Course", "Group", "ID", "Full name", "Username"), _nothing),
    },
    "moodle_feedback": {"Response number": lambda s, k: str(k), "Date": lambda s, k: _moodle_day(s.answered)},
    "odk_central": {
        "SubmissionDate": lambda s, k: f"{s.answered:%Y-%m-%dT%H:%M:%S}.123Z",
        "start": lambda s, k: f"{s.started:%Y-%m-%dT%H:%M:%S}.000+01:00",
        "end": lambda s, k: f"{s.answered:%Y-%m-%dT%H:%M:%S}.000+01:00",
    },
    "surveycto": {
        "SubmissionDate": lambda s, k: _american(s.answered), "starttime": lambda s, k: _american(s.started),
        "endtime": lambda s, k: _american(s.answered), "deviceid": lambda s, k: "(web)",
        "duration": lambda s, k: str(s.seconds),
    },
}  # fmt: skip
AFTER: dict[str, Columns] = {
    "typeform": {
        "Response Type": lambda s, k: "completed", "Start Date (UTC)": lambda s, k: _utc(s.started), "Stage Date (UTC)": _nothing,
        "Submit Date (UTC)": lambda s, k: _utc(s.answered), "Network ID": lambda s, k: f"n{k}", "Tags": _nothing,
    },
    "jotform": {"Submission ID": lambda s, k: str(5500000000 + k)},
    "eusurvey": {
        "Contribution ID": lambda s, k: f"c-{k}", "Creation date": lambda s, k: f"{s.started:%d/%m/%Y %H:%M:%S}",
        "Last update": lambda s, k: f"{s.answered:%d/%m/%Y %H:%M:%S}", "Languages": lambda s, k: "IT",
    },
    "odk_central": {
        "meta-instanceID": lambda s, k: f"uuid:{k}", "KEY": lambda s, k: f"uuid:{k}", "SubmitterID": lambda s, k: "7",
        "AttachmentsPresent": lambda s, k: "0", "ReviewState": _nothing, "FormVersion": lambda s, k: "1",
    },
    "surveycto": {
        "instanceID": lambda s, k: f"uuid:{k}", "formdef_version": lambda s, k: "2303", "KEY": lambda s, k: f"uuid:{k}",
    },
}  # fmt: skip
TIMED = {"typeform", "odk_central", "surveycto"}  # which tell the beginning as well, or the seconds


def one_header(platform: str, answered: list[Sheet], language: str = "it", style: Style = PLAIN) -> Export:
    """An export of a tool with one header row; codes of answers for tools of the field, else their words."""
    before, after = BEFORE[platform], AFTER.get(platform, {})
    field = platform in ("odk_central", "surveycto")
    prefix = "prova-" if platform == "odk_central" else ""
    called = tuple(f"{prefix}{item}" for item in ITEMS) if field else WORDING[language]
    own = ["codice", "quando", "altro"] if field else [CODE[language], WHEN[language], COMMENT[language]]
    rows: list[list[Value]] = [
        [*(tell(s, k) for tell in before.values()), s.child, WRITTEN[language][s.wave],
         *([v or "" for v in s.answers] if field else _labelled(s, language)), s.comment,
         *(tell(s, k) for tell in after.values())]
        for k, s in enumerate(answered, start=1)
    ]  # fmt: skip
    table: list[list[Value]] = [[*before, own[0], own[1], *called, own[2], *after], *rows]
    entry = {"child": own[0], "wave_column": _wave(language, own[1]), "items": _items(called)}
    if platform == "moodle_feedback":  # which tells the time to the minute
        answered = [replace(s, answered=s.answered.replace(second=0)) for s in answered]
    if platform == "eusurvey":
        content = workbook({"Content": [["Alias", "prova"], ["Export Date", "2023-07-01"], [], *table]})
    else:
        content = text_file(table, style)  # type: ignore[arg-type]
    name = f"{platform}.{'xlsx' if platform == 'eusurvey' else 'csv'}"
    return Export(name, content, entry, [] if field else codes(language), truth(answered, seconds=platform in TIMED))


def odk_archive(answered: list[Sheet], language: str = "it") -> Export:
    """What ODK Central makes of a form with a repeat: an archive of tables, linked by PARENT_KEY."""
    before, after = BEFORE["odk_central"], AFTER["odk_central"]
    main = [[*before, "codice", "quando", *after]] + [
        [*(tell(s, k) for tell in before.values()), s.child, WRITTEN[language][s.wave], *(tell(s, k) for tell in after.values())]
        for k, s in enumerate(answered, start=1)
    ]  # fmt: skip
    group = [[*ITEMS, "PARENT_KEY", "KEY"]] + [
        [*(v or "" for v in s.answers), f"uuid:{k}", f"uuid:{k}/prova[1]"] for k, s in enumerate(answered, start=1)
    ]
    tables = {"prova.csv": main, "prova-domande.csv": group}
    parts = {name: text_file(rows, PLAIN).decode() for name, rows in tables.items()}  # type: ignore[arg-type]
    entry = {"child": "codice", "wave_column": _wave(language, "quando"), "items": _items(ITEMS)}
    return Export("prova.zip", archive(parts), entry, [], truth(answered))


EXCEL = Style("utf-8-sig", ";", end="\r\n")
WINDOWS = Style("cp1252", ";")
WIDE_TEXT = Style("utf-16", "\t")
Exporter = Callable[[list[Sheet]], Export]
CORPUS: dict[str, Exporter] = {
    "google_forms-it-dots": lambda a: google_forms(a, "it"),
    "google_forms-it-colons": lambda a: google_forms(a, "it", dates="colons"),
    "google_forms-en-zone": lambda a: google_forms(a, "en", dates="zone"),
    "google_forms-en-american": lambda a: google_forms(a, "en", dates="american"),
    "google_forms-it-workbook": lambda a: google_forms(a, "it", dates="cells"),
    "google_forms-it-cp1252": lambda a: google_forms(a, "it", WINDOWS),
    "microsoft_forms-it": lambda a: microsoft_forms(a, "it"),
    "microsoft_forms-en": lambda a: microsoft_forms(a, "en"),
    "microsoft_forms-it-texts": lambda a: microsoft_forms(a, "it", typed=False),
    "limesurvey_csv-it-codes": lambda a: limesurvey_csv(a, "it", EXCEL),
    "limesurvey_csv-en-full": lambda a: limesurvey_csv(a, "en", EXCEL, "full", True),
    "limesurvey_csv-it-full": lambda a: limesurvey_csv(a, "it", EXCEL, "full", True),
    "limesurvey_csv-it-both": lambda a: limesurvey_csv(a, "it", EXCEL, "both"),
    "limesurvey_vv-it": lambda a: limesurvey_vv(a, "it", Style("utf-8-sig")),
    "limesurvey_vv-en": lambda a: limesurvey_vv(a, "en"),
    "limesurvey_vv-it-not-shown": lambda a: limesurvey_vv(a, "it", shown=False),
    "kobotoolbox-it-raw": lambda a: kobotoolbox(a, "it", EXCEL),
    "kobotoolbox-en-labels": lambda a: kobotoolbox(a, "en", EXCEL, labels=True),
    "kobotoolbox-it-labels": lambda a: kobotoolbox(a, "it", EXCEL, labels=True),
    "kobotoolbox-it-repeats": lambda a: kobotoolbox_repeats(a, "it"),
    "redcap_raw-en": lambda a: redcap_raw(a, "en"),
    "redcap_raw-it": lambda a: redcap_raw(a, "it"),
    "redcap_raw-it-flat": lambda a: redcap_raw(a, "it", longitudinal=False),
    "redcap_labels-it": lambda a: redcap_labels(a, "it"),
    "redcap_labels-en": lambda a: redcap_labels(a, "en"),
    "redcap_labels-it-semicolon": lambda a: redcap_labels(a, "it", WINDOWS),
    "surveymonkey-it": lambda a: surveymonkey(a, "it"),
    "surveymonkey-en": lambda a: surveymonkey(a, "en"),
    "surveymonkey-it-utf16": lambda a: surveymonkey(a, "it", WIDE_TEXT),
    "qualtrics-it": lambda a: qualtrics(a, "it"),
    "qualtrics-en-labels": lambda a: qualtrics(a, "en", labels=True),
    "qualtrics-it-utf16": lambda a: qualtrics(a, "it", WIDE_TEXT),
    "odk_central-it-archive": odk_archive,
    "odk_central-en-archive": lambda a: odk_archive(a, "en"),
    **{
        f"{name}-{language}-{kind}": partial(one_header, name, language=language, style=style)
        for name in BEFORE
        for language, kind, style in (("it", "comma", PLAIN), ("en", "comma", PLAIN), ("it", "excel", EXCEL))
    },
    "spss-it": lambda a: spss(a, "it"),
    "spss-en": lambda a: spss(a, "en"),
    "spss-it-declared": lambda a: spss(a, "it", declared=True),
    "plain_wide-it-comma": lambda a: plain_wide(a, "it"),
    "plain_wide-it-excel": lambda a: plain_wide(a, "it", WINDOWS),
    "plain_wide-en-tab": lambda a: plain_wide(a, "en", WIDE_TEXT),
    "plain_long-it": lambda a: plain_long(a),
    "plain_long-en-semicolon": lambda a: plain_long(a, "en", EXCEL),
    "plain_long-it-utf16": lambda a: plain_long(a, "it", WIDE_TEXT),
}  # fmt: skip
STYLED = {
    "google_forms": google_forms, "limesurvey_csv": limesurvey_csv, "limesurvey_vv": limesurvey_vv,
    "kobotoolbox": kobotoolbox, "redcap_raw": redcap_raw, "redcap_labels": redcap_labels, "surveymonkey": surveymonkey,
    "qualtrics": qualtrics, "plain_wide": plain_wide, "plain_long": plain_long,
}  # fmt: skip

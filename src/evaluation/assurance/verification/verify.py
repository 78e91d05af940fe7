"""Verification: eight questions a stranger asks of a report folder, and who stands behind its signature."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from evaluation import __version__
from evaluation.assurance.lock.lock import compare_lock
from evaluation.assurance.provenance.code import code_problems, commit_of, python
from evaluation.assurance.provenance.crate import CODE, INPUT, read_crate, read_version
from evaluation.assurance.questions import (
    UNREADABLE,
    Answer,
    Comparison,
    Question,
    both,
    judged,
    not_available,
)
from evaluation.assurance.signatures.trust import Trust
from evaluation.assurance.verification.file_lists import beside_the_lists, list_problems
from evaluation.assurance.verification.inputs import input_problems, lock_evidence
from evaluation.assurance.verification.numbers import compare_printed
from evaluation.assurance.verification.signers import Signed, read_signed
from evaluation.assurance.verification.superseded import still_stands
from evaluation.errors import UserError
from evaluation.language import Text, text

LOCK_IS_MISSING = text(
    "i dati sono quelli citati, ma lo studio non fu mai bloccato", "the inputs are those named, but never locked"
)
NOT_THIS_CODE = text(
    "pagine non rifatte: il codice qui non è quello del rapporto",
    "pages not made again: the code here is not that of the report",
)
COMPILED = text(
    "file compilati dei pacchetti installati: non confrontati (--rerun)",
    "compiled files of installed packages: not compared (--rerun)",
)
Compare = Callable[[], Comparison]


@dataclass(frozen=True)
class Verification:
    """All answers, who signed, and the one line that may stand beside the report."""

    answers: tuple[Answer, ...]
    signed: Signed

    @property
    def ok(self) -> bool:
        """Tell whether no answer is invalid; an unsigned report may be ok, and its label says that it is unsigned."""
        return all(answer.verdict != "invalid" for answer in self.answers)

    @property
    def label(self) -> Text:
        """Return what may be said of the signature; never that it is valid without saying whose it is."""
        for answer in (self["signature"], self["unchanged"]):
            if answer.verdict == "invalid":
                reason = answer.summary
                return text(f"firma non valida: {reason['it']}", f"signature invalid: {reason['en']}")
        rest = text("", "") if self.ok else text("; altri controlli non superati", "; other checks failed")
        whose = self.signed.label
        return text(f"{whose['it']}{rest['it']}", f"{whose['en']}{rest['en']}")

    def __getitem__(self, question_id: Question) -> Answer:
        """Return the answer to a question."""
        return next(answer for answer in self.answers if answer.question_id == question_id)


def verify_report(
    report: Path, *, code: Path | None = None, study: Path | None = None, trust: Trust | None = None,
    run_again: Compare | None = None, make_pages_again: Compare | None = None,
) -> Verification:  # fmt: skip
    """Answer each question about a report; what cannot be read is invalid, never an error.

    Parameters
    ----------
    report
        The report folder, from whoever sent it.
    code, study
        The root of the code and the study folder, for those who have them; without them a question is not available.
    trust
        The roots that the reader trusts; without them, who signed is a claim.
    run_again, make_pages_again
        Hold the report against a fresh run, and its pages against fresh ones. Pages are made again only with code that
        is the report's.

    Raises
    ------
    UserError
        There is no such folder.
    """
    for folder in (report, code, study):
        if folder is not None and not folder.is_dir():
            raise UserError(
                text(
                    f"{folder}: la cartella non c'è. Indicare quella di un rapporto (reports/<study>), codice o studio.",
                    f"{folder}: no such folder. Give the folder of a report (reports/<study>), code or study.",
                )
            )
    examination = _Examination(report, code, study, trust, run_again, make_pages_again)
    answers = tuple(_ask(question_id, answer) for question_id, answer in examination.questions.items())
    return Verification(answers, examination.signed)


class _Examination:
    """One report under examination: the questions in their order, some of which need the answer to an earlier one."""

    def __init__(
        self, report: Path, code: Path | None, study: Path | None, trust: Trust | None,
        run_again: Compare | None, make_pages_again: Compare | None,
    ) -> None:  # fmt: skip
        self._report, self._code, self._study, self._trust = report, code, study, trust
        self._run_again, self._make_pages_again = run_again and _once(run_again), make_pages_again
        self.signed = read_signed(report, study, trust)
        self._same_code = False

    @property
    def questions(self) -> dict[Question, Callable[[], Answer]]:
        """What answers each question, in the order in which they are put."""
        return {
            "signature": self.signed.who,
            "unchanged": self.signed.unchanged,
            "files": lambda: judged("files", list_problems(self._report), beside_the_lists(self._report)),
            "inputs": self.inputs,
            "code": self.code,
            "tables": self.tables,
            "numbers": self.numbers,
            "current": lambda: still_stands(self._report),
        }

    def inputs(self) -> Answer:
        if self._study is None:
            return not_available("inputs")
        lock = compare_lock(self._study, self._trust)
        problems = input_problems(self._report, self._study, read_crate(self._report, INPUT), lock)
        evidence = lock_evidence(lock)
        if not problems and not lock.locked:
            return not_available("inputs", LOCK_IS_MISSING, evidence)
        return judged("inputs", problems, evidence)

    def code(self) -> Answer:
        if self._code is None:
            return not_available("code")
        made_by = read_version(self._report)
        if made_by != __version__:
            return not_available("code", _another_version(made_by))
        problems = code_problems(self._code, read_crate(self._report, CODE))
        self._same_code = not problems
        told = (commit_of(self._code), python(), *((COMPILED,) if self._run_again is None else ()))
        return judged("code", (*problems, *self._environment()), told)

    def tables(self) -> Answer:
        if self._run_again is None:
            return not_available("tables")
        again = self._run_again()
        return judged("tables", again.differences, again.compared)

    def _environment(self) -> tuple[Text, ...]:
        """Return what a new run found wrong with the environment; a run that stopped is the answer to another question."""
        with suppress(UserError):
            return self._run_again().environment if self._run_again is not None else ()
        return ()

    def numbers(self) -> Answer:
        printed = compare_printed(self._report)
        pages = Comparison((), ())
        if self._make_pages_again is not None:
            pages = self._make_pages_again() if self._same_code else Comparison((NOT_THIS_CODE,), ())
        problems, evidence = (*printed.differences, *pages.differences), (*printed.compared, *pages.compared)
        if not printed.compared and not problems:
            return not_available("numbers", evidence=evidence)
        return judged("numbers", problems, evidence)


def _another_version(made_by: str) -> Text:
    return text(
        f"un'altra versione: il rapporto è della {made_by}, qui c'è la {__version__}",
        f"another version: the report is of {made_by}, here is {__version__}",
    )


def _once(compare: Compare) -> Compare:
    """Return what compares once only, however often it is asked, and stops each time as it stopped first."""

    @cache
    def found() -> Comparison | UserError:
        try:
            return compare()
        except UserError as error:
            return error

    def asked() -> Comparison:
        outcome = found()
        if isinstance(outcome, UserError):
            raise outcome
        return outcome

    return asked


def _ask(question_id: Question, answer: Callable[[], Answer]) -> Answer:
    """Put a question; a file that is absent or unreadable answers it with invalid."""
    try:
        return answer()
    except UserError as error:
        return Answer(question_id, "invalid", UNREADABLE, (error.message,))
    except OSError as error:
        return Answer(
            question_id, "invalid", UNREADABLE, (both(f"{Path(error.filename or '').name}: {error.strerror}"),)
        )

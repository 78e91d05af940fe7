"""The confidential annex of a report: the tables with all that publication withholds or rounds, sealed for named re-analysts."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

from evaluation.assurance.provenance.crate import INPUT, read_crate
from evaluation.assurance.provenance.manifest import compare
from evaluation.checks import checked_study
from evaluation.errors import UserError
from evaluation.files import hashes, read_bounded
from evaluation.language import text
from evaluation.measurement.scores import score_study
from evaluation.privacy.pseudonyms import write_private
from evaluation.privacy.sealed import seal
from evaluation.publishing.makers import MAKERS
from evaluation.publishing.published_tables import as_text
from evaluation.publishing.rules import RULES
from evaluation.report_folder import CRATE
from evaluation.study.choices import read_choices
from evaluation.study.context import Reanalyst
from evaluation.study.folder import Study, study_files

DAY = (1980, 1, 1, 0, 0, 0)  # the first that a zip can hold: the same tables give the same bytes before they are sealed
NOTICE = text(
    "Riservato. Numeri su pochi ragazzi, per la sola rianalisi di chi è nominato qui. Non è per altri, né per il payer.",
    "Confidential. Numbers about few children, for re-analysis by those named here alone. Not for others, nor the payer.",
)


def write_annex(report: Path, folder: Path, recipients: tuple[str, ...], to: Path, *, payer: bool = False) -> None:
    """Write the annex of a report for re-analysts whom the context of its study names.

    Parameters
    ----------
    report, folder : the report, and the study that it was made from. recipients : public keys of age. to : a new file outside
        the report and the study. payer : whether a re-analyst may be the outcome payer too.

    Raises
    ------
    UserError : nobody named, or somebody else; the payer; other data than the report's; a place that is not for it.
    """
    must_be_elsewhere(to, report, folder)
    study = checked_study(folder, read_choices(report))[0]
    named = [_reanalyst(study, recipient, payer=payer) for recipient in recipients]
    if not named:
        raise UserError(text("annex: serve almeno un --recipient.", "annex: at least one --recipient is needed."))
    _must_be_its_data(report, folder)
    write_private(to, seal(_annex(report, study, named), tuple(one.recipient for one in named)), replace=False)


def must_be_elsewhere(to: Path, *folders: Path) -> None:
    """Refuse a place in the report, the study, or whatever git keeps."""
    real = to.expanduser().resolve()
    kept = next((parent for parent in real.parents if (parent / ".git").exists()), None)
    if kept or any(real.is_relative_to(folder.resolve()) for folder in folders):
        raise UserError(
            text(
                f"{to}: l'allegato riservato sta fuori dal rapporto, dallo studio, da reports/ e da ogni archivio di versioni.",
                f"{to}: the confidential annex lies outside the report, the study, reports/ and any repository.",
            )
        )


def _reanalyst(study: Study, recipient: str, *, payer: bool) -> Reanalyst:
    """Return the re-analyst with this key."""
    known = study.context.reanalysts if study.context else ()
    found = next((one for one in known if one.recipient == recipient.strip()), None)
    if found is None:
        names = ", ".join(one.name for one in known) or "-"
        raise UserError(
            text(
                f"--recipient {recipient!a}: non è di chi context.yml nomina fra i reanalysts ({names}). Aggiungere nome, chiave "
                "e base giuridica.",
                f"--recipient {recipient!a}: not of those whom context.yml names as reanalysts ({names}). Add the name, the key "
                "and the legal basis.",
            )
        )
    payers = (
        {p.name.casefold() for p in study.contract.parties if p.role == "outcome_payer"} if study.contract else set()
    )
    if found.name.casefold() in payers and not payer:
        raise UserError(
            text(
                f"{found.name}: è l'outcome payer, che non riceve l'allegato. Se la base giuridica vale per lui: --payer.",
                f"{found.name}: is the outcome payer, who does not get the annex. If the legal basis holds: --payer.",
            )
        )
    return found


def _must_be_its_data(report: Path, folder: Path) -> None:
    differences = compare(read_crate(report, INPUT), hashes(folder, study_files(folder)))
    if differences:
        files = ", ".join(difference.file for difference in differences[:5])
        raise UserError(
            text(
                f"{folder}: non sono i dati di questo rapporto ({files}). Indicare lo studio giusto con --study.",
                f"{folder}: not the data of this report ({files}). Give the right study with --study.",
            )
        )


def _annex(report: Path, study: Study, named: list[Reanalyst]) -> bytes:
    """The annex as a zip: what it belongs to and whom it is for, and the tables with all digits."""
    scores = score_study(study)
    tables = {f"tables/{name}.csv": as_text(MAKERS[name](study, scores)).encode() for name in RULES}
    about = {
        "format": 1,
        "study": study.protocol.study.id,
        "report": {CRATE: hashlib.sha256(read_bounded(report / CRATE)).hexdigest()},
        "for": [{"name": one.name, "legal_basis": one.legal_basis.text()} for one in named],
        "notice": NOTICE,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in tables.items()},
    }
    written = {"annex.json": json.dumps(about, ensure_ascii=False, indent=2).encode() + b"\n", **tables}
    return _zipped(written)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(zipfile.ZipInfo(name, DAY), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()

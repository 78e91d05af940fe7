"""The lock: what was planned and on which day; a change is told, an amendment keeps the earlier lock, a stamp binds bytes."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import study_builder

from evaluation.assurance.lock import lock as locks
from evaluation.assurance.lock.lock import LockState, compare_lock, read_lock, write_lock
from evaluation.assurance.signatures.timestamp import request_timestamp
from evaluation.errors import UserError, VerificationFailed
from evaluation.study.findings import StudyDefects
from evaluation.study.places import repository

MONDAY = dt.datetime(2023, 2, 20, 9, 30, tzinfo=dt.UTC)
FROZEN = ("protocol.yml", "contract.yml", "instrument.csv")


@pytest.fixture
def study(tmp_path: Path) -> study_builder.StudyFolder:
    return study_builder.build(tmp_path / "study")


def before_the_answers(study: study_builder.StudyFolder) -> study_builder.StudyFolder:
    """Keep the baseline only; a follow-up row without a value is no answer."""
    header, *rows = study.rows("responses.csv")
    return study.set_rows("responses.csv", [header, *(r for r in rows if r[1] == "t0"), ["N00", "t1", "travel", ""]])


def test_a_study_that_was_never_locked_says_so(study: study_builder.StudyFolder) -> None:
    assert compare_lock(study.path) == LockState(locked=False)
    assert read_lock(study.path) == ()


def test_a_lock_holds_the_plan_the_code_and_the_day(study: study_builder.StudyFolder) -> None:
    study.write("intake.yml", "format: 1\n")
    write_lock(study.path, now=MONDAY)
    written = json.loads(study.text("lock/1.json"))
    expected = {name: hashlib.sha256((study.path / name).read_bytes()).hexdigest() for name in (*FROZEN, "intake.yml")}
    assert written["files"] == expected
    assert (written["format"], written["number"], written["study"]) == (1, 1, "tiny")
    assert written["date"] == "2023-02-20T09:30:00Z"
    root = repository()
    found = sorted(
        path.relative_to(root).as_posix()
        for path in [*root.glob("notebooks/*.ipynb"), *root.glob("src/evaluation/**/*"), root / "requirements.lock"]
        if path.is_file() and not any(p == "__pycache__" or p.startswith(".") for p in path.relative_to(root).parts)
    )
    lines = "".join(f"{hashlib.sha256((root / name).read_bytes()).hexdigest()}  {name}\n" for name in found)
    assert written["code"]["sha256"] == hashlib.sha256(lines.encode()).hexdigest()
    if (root / ".git").exists():
        head = subprocess.run(["git", "-C", root, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
        assert written["code"]["commit"] == head.stdout.strip()
    state = compare_lock(study.path)
    assert (state.locked, state.date, state.differences, state.other_code) == (True, "2023-02-20", (), False)


def test_a_lock_before_the_follow_up_and_one_after_it_tell_the_difference(study: study_builder.StudyFolder) -> None:
    before_the_answers(study)
    lock = write_lock(study.path)
    assert (lock.data.children, lock.data.answers, lock.data.after_data) == (24, {"t0": 168, "t1": 0}, False)
    assert not compare_lock(study.path).after_data
    shutil.rmtree(study.path / "lock")
    study.append("responses.csv", "N00", "t1", "making_1", "4")
    assert write_lock(study.path).data.answers == {"t0": 168, "t1": 1}
    assert compare_lock(study.path).after_data


def test_a_study_without_any_data_can_be_locked(study: study_builder.StudyFolder) -> None:
    for name in ("participants.csv", "responses.csv", "attendance.csv", "contract.yml"):
        study.remove(name)
    (study.path / "exports").mkdir()
    study.write("exports/form.csv", "a,b\n")
    lock = write_lock(study.path)
    assert (lock.data.children, lock.data.answers, lock.data.exports) == (0, {"t0": 0, "t1": 0}, 1)
    assert set(lock.files) == {"protocol.yml", "instrument.csv"}


def test_a_plan_with_errors_is_not_locked(study: study_builder.StudyFolder) -> None:
    study.replace("protocol.yml", "alpha: 0.05", "alpha: 5")
    with pytest.raises(StudyDefects, match=r"analysis\.alpha"):
        write_lock(study.path)
    assert not (study.path / "lock").exists()


@pytest.mark.parametrize("file", FROZEN)
def test_a_change_of_the_plan_is_a_difference_and_a_change_of_data_is_none(
    study: study_builder.StudyFolder, file: str
) -> None:
    write_lock(study.path)
    study.append("responses.csv", "N00", "t1", "making_1", "4")
    assert compare_lock(study.path).differences == ()
    study.write(file, study.text(file) + "\n")
    assert compare_lock(study.path).differences == (f"{file}: changed",)
    study.remove(file)
    assert compare_lock(study.path).differences == (f"{file}: missing",)


def test_terms_that_join_later_are_a_difference_and_how_exports_are_read_is_none(
    study: study_builder.StudyFolder,
) -> None:
    terms = study.text("contract.yml")
    study.remove("contract.yml")
    write_lock(study.path)
    study.write("intake.yml", "format: 1\n")
    assert compare_lock(study.path).differences == ()
    study.write("contract.yml", terms)
    assert compare_lock(study.path).differences == ("contract.yml: extra",)
    write_lock(study.path, reason="the contract is signed")
    study.write("intake.yml", "format: 1\n\n")
    assert compare_lock(study.path).differences == ("intake.yml: changed",)


def test_other_code_is_told(study: study_builder.StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    write_lock(study.path)
    monkeypatch.setattr(locks, "code_digest", lambda root: "0" * 64)
    assert compare_lock(study.path).other_code is True

    def nowhere() -> Path:
        raise UserError("no repository")

    monkeypatch.setattr(locks, "repository", nowhere)
    assert compare_lock(study.path).other_code is None


def test_a_second_lock_needs_a_reason_and_keeps_the_first(study: study_builder.StudyFolder) -> None:
    before_the_answers(study)
    write_lock(study.path, now=MONDAY)
    first = study.text("lock/1.json")
    with pytest.raises(UserError, match="--amend"):
        write_lock(study.path)
    with pytest.raises(UserError, match="nothing changed"):
        write_lock(study.path, reason="just so")
    study.replace("protocol.yml", "alpha: 0.05", "alpha: 0.10").append("responses.csv", "N00", "t1", "making_1", "4")
    with pytest.raises(UserError, match="in words"):
        write_lock(study.path, reason="  ")
    write_lock(study.path, reason="Il centro ha chiuso una settimana", now=MONDAY + dt.timedelta(90))
    assert study.text("lock/1.json") == first
    state = compare_lock(study.path)
    assert (state.date, state.differences, state.after_data) == ("2023-02-20", (), False)
    (amendment,) = state.amendments
    assert (amendment.date, amendment.reason) == ("2023-05-21", "Il centro ha chiuso una settimana")
    assert (amendment.changes, amendment.after_data) == (("protocol.yml: changed",), True)


def test_there_is_nothing_to_amend_without_a_lock(study: study_builder.StudyFolder) -> None:
    with pytest.raises(UserError, match="nothing to amend"):
        write_lock(study.path, reason="why not")


@pytest.mark.parametrize("harm", ["earlier", "gone", "text", "huge", "link"])
def test_a_lock_that_was_touched_is_refused(study: study_builder.StudyFolder, tmp_path: Path, harm: str) -> None:
    write_lock(study.path, now=MONDAY)
    study.replace("protocol.yml", "alpha: 0.05", "alpha: 0.10")
    write_lock(study.path, reason="so")
    first = study.path / "lock/1.json"
    match harm:
        case "earlier":
            study.replace("lock/1.json", "2023-02-20", "2023-01-20")
        case "gone":
            first.unlink()
        case "text":
            first.write_text("{}")
        case "huge":
            first.write_bytes(b" " * 2_000_000)
        case "link":
            first.rename(tmp_path / "x.json")
            first.symlink_to(tmp_path / "x.json")
    with pytest.raises(VerificationFailed, match=r"lock/2|1\.json"):
        compare_lock(study.path)


# Time stamps, against an authority of our own on loopback -------------------------------------------------------------

TSA = """\
[tsa]
default_tsa = here
[here]
serial = serial
crypto_device = builtin
signer_cert = tsa.crt
signer_key = tsa.key
certs = tsa.crt
signer_digest = sha256
default_policy = 1.2.3.4.1
other_policies = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A time-stamping authority: its address and the folder with its certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tsa")
    (folder / "tsa.cnf").write_text(TSA)
    (folder / "serial").write_text("01\n")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.key", "-out", "tsa.crt", "-days", "2",
         "-subj", "/CN=Test authority", "-addext", "keyUsage=critical,digitalSignature",
         "-addext", "extendedKeyUsage=critical,timeStamping"], cwd=folder, check=True, capture_output=True,
    )  # fmt: skip

    class Responder(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            (folder / "query.tsq").write_bytes(asked)
            answer = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq"]
            said = subprocess.run(answer, cwd=folder, check=True, capture_output=True).stdout
            self.send_response(200 if self.path == "/" else 500)
            self.send_header("Content-Type", "application/timestamp-reply" if self.path == "/" else "text/html")
            self.end_headers()
            self.wfile.write(said if self.path == "/" else b"<p>no</p>")

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Responder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", folder
    server.shutdown()


def test_a_stamped_lock_is_accepted_by_openssl_and_tells_its_day(
    study: study_builder.StudyFolder, authority: tuple[str, Path]
) -> None:
    url, folder = authority
    write_lock(study.path, now=MONDAY, stamp=partial(request_timestamp, url=url))
    command = ["openssl", "ts", "-verify", "-data", "1.json", "-in", "1.tsr", "-CAfile", folder / "tsa.crt"]
    checked = subprocess.run(command, cwd=study.path / "lock", capture_output=True, text=True)
    assert "Verification: OK" in checked.stdout + checked.stderr
    state = compare_lock(study.path)
    assert state.date == "2023-02-20"  # what the machine claimed
    assert state.stamped == f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"  # what the authority saw
    asked = (folder / "query.tsq").read_bytes()
    assert hashlib.sha256((study.path / "lock/1.json").read_bytes()).digest() in asked  # a digest left, nothing else
    assert len(asked) < 100


@pytest.mark.parametrize("harm", ["lock", "token", "other"])
def test_a_stamp_on_other_bytes_or_altered_is_refused(
    study: study_builder.StudyFolder, authority: tuple[str, Path], harm: str
) -> None:
    write_lock(study.path, now=MONDAY, stamp=partial(request_timestamp, url=authority[0]))
    token = study.path / "lock/1.tsr"
    if harm == "lock":
        study.replace("lock/1.json", "2023-02-20", "2023-01-20")
    if harm == "token":
        content = bytearray(token.read_bytes())
        content[-10] ^= 1
        token.write_bytes(content)
    if harm == "other":
        token.write_bytes(b"no token")
    with pytest.raises(VerificationFailed, match=r"1\.tsr"):
        compare_lock(study.path)


@pytest.mark.parametrize("place", ["closed", "refusing", "ftp"])
def test_without_an_answer_of_the_authority_nothing_is_written(
    study: study_builder.StudyFolder, authority: tuple[str, Path], place: str
) -> None:
    url = {"closed": "http://127.0.0.1:9/", "refusing": authority[0] + "no", "ftp": "file:///etc/passwd"}[place]
    with pytest.raises(UserError, match=r"no time stamp|expected the http"):
        write_lock(study.path, stamp=partial(request_timestamp, url=url))
    assert not list(study.path.glob("lock/*"))
    assert compare_lock(study.path) == LockState(locked=False)

"""Where a run writes, and how it becomes current: a folder of its own, then one atomic change of a link.

`.runs/<study>/` beside the outputs holds `build/` (the run under way, with its cache), one numbered folder for each run
that was published, and the link `current`. `reports/<study>` and `data/processed/<study>` are links through `current`, so
that both change in the same instant; whatever kills a run, the last good outputs stay whole.
"""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from evaluation.assurance.provenance.manifest import check_sums
from evaluation.assurance.signing.held import settle
from evaluation.errors import RunFailed, UserError, VerificationFailed
from evaluation.language import text
from evaluation.pipeline.interruption import no_return
from evaluation.report_folder import CRATE, RUN_LOG, SIGNED_SUMS, SUMS, UNSIGNED_PDFS, VERIFY_PAGE
from evaluation.study.places import repository

PROCESSED, REPORTS = PARTS = ("processed", "reports")
DESCRIPTIONS = (
    CRATE,
    SUMS,
    VERIFY_PAGE,
    *UNSIGNED_PDFS,
)  # and executed notebooks: what a report says of its own making
UNMANAGED = (RUN_LOG, SIGNED_SUMS)  # and *.signed.pdf: no step of the pipeline makes or compares these


@dataclass(frozen=True)
class Published:
    """What became of an earlier report that was signed, if there was one.

    kept : where it lies, since its place went to other results. changed : what those results changed of it, from the report
    folder. stays : it kept its place, since its tables, pages and terms are those of this run, whatever else changed.
    """

    kept: Path | None = None
    changed: tuple[str, ...] = ()
    stays: bool = False


@dataclass(frozen=True)
class Outputs:
    """The folders of one study's outputs: `home` for runs, `reports` and `processed` as users know them."""

    home: Path
    reports: Path
    processed: Path

    @classmethod
    def of(cls, study: str, output: Path | None) -> Outputs:
        """Return the outputs in the repository, or under `output`."""
        if output is not None:
            root = Path(os.path.realpath(output))  # a link that leads to itself stays as it is
            if os.path.lexists(root) and not root.is_dir():
                raise UserError(
                    text(
                        f"--output {output}: attesa una cartella, trovato altro. Sceglierne un'altra.",
                        f"--output {output}: expected a folder, found something else. Choose another one.",
                    )
                )
            return cls(root / ".runs" / study, root / "reports", root / "processed")
        root = repository()
        return cls(root / ".runs" / study, root / "reports" / study, root / "data" / "processed" / study)

    @property
    def build(self) -> Path:
        """The folder of the run under way."""
        return self.home / "build"

    @property
    def current(self) -> Path:
        """The link to the run that is current."""
        return self.home / "current"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the study for one run; a second one at the same time is told."""
        import fcntl

        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(
                    f"{self.home.name}: another run of this study is under way. Wait for it to end."
                ) from None
            yield

    def prepare(self, raw: Path) -> None:
        """Make the build folder, with the study's raw data linked in; refuse to stand in for a real folder."""
        for link in (self.reports, self.processed):
            if link.exists() and not link.is_symlink():
                raise UserError(
                    f"{link}: a folder is there that no run made. Expected nothing or a link. Move it away."
                )
            if link.is_symlink() and link.readlink().parts[-3:-1] != (self.home.name, "current"):
                raise UserError(f"{link}: holds another study. Expected {self.home.name}. Give another --output.")
        for part in PARTS:
            (self.build / part).mkdir(parents=True, exist_ok=True)
        _point(self.build / "raw", raw)

    def publish(self) -> Published:
        """Make the build current if it differs from what is, and say what became of an earlier signed report.

        Signatures come along only where the signed bytes are the same; a signed report stays where the results are.

        Raises
        ------
        RunFailed : the report of the build is not what its sums list. Interrupted : a signal came. Nothing is published.
        """
        _must_be_whole(self.build / "reports")
        earlier = self.current.resolve() if self.current.exists() else None
        if earlier is not None:
            settle(
                earlier / REPORTS
            )  # what a killed `sign` had decided belongs to the report that is compared and copied
        differs = self._different(earlier) if earlier is not None else ()
        results = tuple(name for name in differs if not _is_description(name))
        stays = bool(differs and not results and earlier and signatures(earlier / REPORTS))
        fresh = None if earlier is not None and (stays or not differs) else self._copied(earlier)
        no_return()
        if fresh is not None:
            _point(self.current, fresh.rename(fresh.with_suffix("")), relative=True)
        for link in (self.reports, self.processed):
            link.parent.mkdir(parents=True, exist_ok=True)
            part = "reports" if link is self.reports else "processed"
            _point(link, self.current / part, relative=True)
        superseded = [run for run in self._runs() if run != self.current.resolve()]
        for run in superseded:
            if self._lives_on(run):
                shutil.rmtree(run)
        if earlier is None or earlier not in superseded or not earlier.exists():
            return Published(stays=stays)
        return Published(earlier, tuple(name.removeprefix(f"{REPORTS}/") for name in results))

    def _lives_on(self, run: Path) -> bool:
        """Tell whether every signature of a superseded run, if it has any, stands in the current one."""
        signed = signatures(run / "reports")
        return all(_equal(signature, self.current / "reports" / signature.name) for signature in signed)

    def _copied(self, earlier: Path | None) -> Path:
        """Return a copy of the build that lies beside the earlier runs; interrupted, it leaves none."""
        number = max([int(run.name) for run in self._runs()], default=0) + 1
        partial = self.home / f"{number}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        try:
            for part in PARTS:
                shutil.copytree(self.build / part, partial / part)
            if earlier is not None and _equal(earlier / "reports" / SUMS, partial / "reports" / SUMS):
                for signature in signatures(earlier / "reports"):
                    shutil.copy2(signature, partial / "reports" / signature.name)
            os.sync()
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        return partial

    def _runs(self) -> list[Path]:
        return [path for path in self.home.iterdir() if path.name.isdigit()]

    def _different(self, run: Path) -> tuple[str, ...]:
        """Return the files in which the build and a published run differ, as POSIX paths."""
        names = sorted(_files(self.build) | _files(run))
        return tuple(name.as_posix() for name in names if not _equal(self.build / name, run / name))


def _must_be_whole(reports: Path) -> None:
    """Refuse to publish what is not, file for file, what the last step of the run summed up."""
    try:
        differences = [str(difference) for difference in check_sums(reports)]
    except VerificationFailed as error:
        differences = [error.message["en"]]
    if differences:
        named = "; ".join(differences[:10])
        raise RunFailed(
            text(
                f"Il rapporto di questa elaborazione non è intero ({named}). Nulla è stato pubblicato; rieseguire.",
                f"The report of this run is not whole ({named}). Nothing was published; run again.",
            )
        )


def _is_description(name: str) -> bool:
    """Tell a file that says how a report was made, not what was found."""
    return name.startswith(f"{REPORTS}/notebooks/") or name.removeprefix(f"{REPORTS}/") in DESCRIPTIONS


def signatures(reports: Path) -> list[Path]:
    """Return the signed files of a report folder."""
    return [*sorted(reports.glob("*.signed.pdf")), *sorted(reports.glob("*.p7m"))]


def _files(root: Path) -> set[Path]:
    files = (path for part in PARTS for path in (root / part).rglob("*") if path.is_file())
    return {
        path.relative_to(root) for path in files if path.name not in UNMANAGED and not path.name.endswith(".signed.pdf")
    }


def _equal(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)


def _point(link: Path, target: Path, *, relative: bool = False) -> None:
    """Make `link` point at `target`, in one step."""
    aim = os.path.relpath(target, link.parent.resolve()) if relative else str(target)
    if link.is_symlink() and str(link.readlink()) == aim:
        return
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(aim)
    fresh.replace(link)

"""Two runs held against each other: equal, different number by number, or not comparable."""

from __future__ import annotations

import csv
from pathlib import Path

from conftest import Repository

from evaluation import compare_reports


def test_a_run_equals_itself(repository: Repository, shipped: Path) -> None:
    assert "No difference" in repository.evaluation("compare", shipped, shipped / "reports").stdout
    assert compare_reports(shipped, shipped).equal


def test_each_number_that_differs_is_told_with_its_place(
    repository: Repository, shipped: Path, moved_on: tuple[Path, str], tmp_path: Path
) -> None:
    said = repository.evaluation("compare", shipped, moved_on[0], "--csv", tmp_path / "all.csv", code=1).stdout
    assert "input: protocol.yml: " in said
    found = compare_reports(shipped, moved_on[0]).to_frame()
    assert set(found["part"]) == {"input", "table"}  # another seed: no choice, no code, and the verdict is the same
    moved = found[found["file"] == "inference.csv"]
    assert "p_permutation" in set(moved["column"])
    one = moved[moved["column"] == "p_permutation"].iloc[0]
    for folder, side in ((shipped, "one"), (moved_on[0], "other")):
        with (folder / "reports/tables/inference.csv").open(encoding="utf-8", newline="") as lines:
            rows = [
                row
                for row in csv.DictReader(lines)
                if one["row"] == ", ".join(list(row.values())[: one["row"].count(",") + 1])
            ]
        assert [row["p_permutation"] for row in rows] == [one[side]]
    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as lines:
        assert len(list(csv.DictReader(lines))) == len(found)


def test_reports_of_different_studies_are_not_comparable(repository: Repository, shipped: Path, outputs: Path) -> None:
    protocol = outputs / "reports/protocol.yml"
    protocol.write_text(protocol.read_text("utf-8").replace("id: volare-alto-2023", "id: another", 1), "utf-8")
    said = repository.evaluation("compare", shipped, outputs, code=2).stderr
    assert "Not comparable" in said
    assert "volare-alto-2023 / another" in said
    assert "no report" in repository.evaluation("compare", shipped, outputs.parent / "nowhere", code=2).stderr

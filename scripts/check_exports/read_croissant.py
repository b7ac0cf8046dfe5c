"""A data set's Croissant document, by its own validator; the table that it names, read by it."""

import csv
import sys
from pathlib import Path

import mlcroissant

folder = Path(sys.argv[1]) / "dataset"
dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
issues = dataset.metadata.ctx.issues
assert not issues.errors, issues.report()
assert not issues.warnings, issues.report()

with (folder / "votes.csv").open(newline="") as file:
    expected = list(csv.DictReader(file))
# Also checks the table's SHA-256.
found = list(dataset.records("faces"))
assert len(found) == len(expected) == 5
for read, wanted in zip(found, expected, strict=True):
    assert read["faces/file"].decode() == wanted["file"]
    assert read["faces/fear"] == int(wanted["fear"]) == 2
    assert read["faces/split"].decode() == wanted["split"]
print(f"{len(found)} faces")

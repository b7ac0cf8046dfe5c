"""The names of py-feat's columns, read from its wheel: it needs torch and weights to be run."""

import ast
import csv
import json
import math
import sys
import zipfile
from pathlib import Path

files = Path(sys.argv[1])
[wheel] = Path(sys.prefix, "wheels").glob("py_feat-*.whl")
source = zipfile.ZipFile(wheel).read("feat/utils/__init__.py").decode()
constants = {}
for statement in ast.parse(source).body:
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        try:
            constants[statement.targets[0].id] = ast.literal_eval(statement.value)
        except ValueError:
            continue  # put together of others

with (files / "pyfeat.csv").open(newline="") as file:
    table = list(csv.DictReader(file))
names = list(table[0])
box, expressions = constants["FEAT_FACEBOX_COLUMNS"], constants["FEAT_EMOTION_COLUMNS"]
assert names[2:7] == box, names
assert names[8:] == expressions, names
assert names[7] in constants["FEAT_FACEPOSE_COLUMNS_3D"]
assert names[0] in constants["FEAT_TIME_COLUMNS"]
expected = json.loads((files / "rows.json").read_text())
for row, wanted in zip(table, expected, strict=True):
    assert int(row["frame"]) == wanted["index"]
    for label in expressions:
        p = wanted[f"p_{label}"]
        assert (row[label] == "") if p is None else math.isclose(float(row[label]), p, abs_tol=6e-7)
print(f"{wheel.name.split('-py')[0]}: {len(names)} columns, {len(table)} rows")

"""LibreOffice opens the xlsx and gives its first sheet back as CSV with the same cells."""

import csv
import json
import math
import subprocess
import sys
from pathlib import Path

files = Path(sys.argv[1])
# UTF-8 (76), texts in quotes, cells as they are and not as they are shown.
told = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1"
command = ["soffice", "--headless", "--convert-to", told, "--outdir", files, files / "faces.xlsx"]
subprocess.run(command, check=True, capture_output=True)
[made] = files.glob("faces-*.csv")
with made.open(newline="", encoding="utf-8-sig") as file:
    table = list(csv.DictReader(file))
expected = json.loads((files / "rows.json").read_text())
assert len(table) == len(expected), len(table)
for number, (row, wanted) in enumerate(zip(table, expected, strict=True)):
    assert list(row) == list(wanted), list(row)
    for name, value in wanted.items():
        text = row[name]
        if isinstance(value, bool):
            same = text == str(value).upper()
        elif isinstance(value, int | float):
            same = math.isclose(float(text), value, abs_tol=5.1e-7)
        else:
            same = text == (value or "")
        assert same, f"{name} of row {number} is {text!r}, not {value!r}"
version = subprocess.run(["soffice", "--version"], check=True, capture_output=True, text=True)
print(f"{version.stdout.strip()}: {len(table)} rows of {len(table[0])} columns")

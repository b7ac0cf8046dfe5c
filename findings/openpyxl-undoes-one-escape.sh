#!/usr/bin/env bash
# openpyxl 3.1.5 reading what XlsxWriter 3.3.1 writes, both on CPython 3.11
#
# Expected: a text with a control character, which XML cannot hold and xlsx writes as _x0007_
#           (ECMA-376, ST_Xstring), is read back as it was; so is a text that looks like such an escape.
# Seen:     XlsxWriter escapes both. openpyxl undoes the escape of the escape (_x005F_) and no other:
#           the lookalike comes back right, and the control character as the seven letters _x0007_.
#           LibreOffice 7.4 undoes the first (not run here). A test that compares texts by openpyxl alone
#           takes a right file for a wrong one.
set -euo pipefail

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/pip" install --quiet --disable-pip-version-check \
    XlsxWriter==3.3.1 openpyxl==3.1.5 et-xmlfile==2.0.0 || exit 2

cat > "$here/texts.py" <<'PYTHON'
import re
import sys
import zipfile

import openpyxl
import xlsxwriter

path = sys.argv[1]
texts = ["plain", "bell\x07", "_x0041_"]
with xlsxwriter.Workbook(path) as book:
    sheet = book.add_worksheet()
    codes = [sheet.write_string(row, 0, text) for row, text in enumerate(texts)]
print("codes:", codes)
stored = zipfile.ZipFile(path).read("xl/sharedStrings.xml").decode()
print("in the file:", re.findall(r"<t>(.*?)</t>", stored))
for text, (cell,) in zip(texts, openpyxl.load_workbook(path).active.values, strict=True):
    print(f"{text!r} is read as {cell!r}")
PYTHON

"$here/venv/bin/python" "$here/texts.py" "$here/texts.xlsx" | tee "$here/seen"
diff - "$here/seen" <<'EXPECTED'
codes: [0, 0, 0]
in the file: ['plain', 'bell_x0007_', '_x005F_x0041_']
'plain' is read as 'plain'
'bell\x07' is read as 'bell_x0007_'
'_x0041_' is read as '_x0041_'
EXPECTED

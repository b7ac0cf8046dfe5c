#!/usr/bin/env bash
# label-studio-sdk 2.1.2 on CPython 3.11, LabelInterface of its own configuration
#
# Expected: validate_task takes a task with predictions or annotations, which it has parameters and
#           branches for; validate_prediction refuses a rectangle that leaves the picture on any side.
# Seen:     validate_task raises TypeError as soon as there is a prediction or an annotation, whatever
#           is in it: interface.py calls the other validators without a value. validate_prediction
#           refuses x of 350 and takes x of -50, and x + width of 180, in per cent of the picture; a
#           rectangle without a label, too. So its "no errors" says little of where boxes lie.
#
# It takes a minute or two and half a gigabyte, mostly to install.
set -euo pipefail

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/pip" install --quiet --disable-pip-version-check label-studio-sdk==2.1.2 || exit 2

cat > "$here/validate.py" <<'PYTHON'
from label_studio_sdk.label_interface import LabelInterface

interface = LabelInterface(
    '<View><Image name="image" value="$image"/>'
    '<RectangleLabels name="label" toName="image"><Label value="happiness"/></RectangleLabels></View>'
)


def region(**changed):
    box = {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": ["happiness"]}
    return {
        "id": "a",
        "type": "rectanglelabels",
        "from_name": "label",
        "to_name": "image",
        "original_width": 100,
        "original_height": 100,
        "image_rotation": 0,
        "value": box | changed,
    }


def prediction(**changed):
    return {"model_version": "m", "score": 0.9, "result": [region(**changed)]}


for changed in ({}, {"x": 350}, {"x": -50}, {"x": 90, "width": 90}, {"rectanglelabels": []}):
    errors = interface.validate_prediction(prediction(**changed), return_errors=True)
    print(f"{changed or 'as it should be'}: {'refused' if errors else 'taken'}")
task = {"data": {"image": "https://example.org/a.jpg"}}
for name, more in (
    ("bare", {}),
    ("predictions", {"predictions": [prediction()]}),
    ("annotations", {"annotations": [{"result": [region()]}]}),
):
    try:
        print(f"task, {name}: {interface.validate_task(task | more)}")
    except TypeError as error:
        print(f"task, {name}: {type(error).__name__}")
PYTHON

"$here/venv/bin/python" "$here/validate.py" | tee "$here/seen"
diff - "$here/seen" <<'EXPECTED'
as it should be: taken
{'x': 350}: refused
{'x': -50}: taken
{'x': 90, 'width': 90}: taken
{'rectanglelabels': []}: taken
task, bare: True
task, predictions: TypeError
task, annotations: TypeError
EXPECTED

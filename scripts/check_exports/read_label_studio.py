"""label-studio-sdk takes the labelling interface and every prediction of both kinds of tasks."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

from label_studio_sdk.label_interface import LabelInterface

files = Path(sys.argv[1])
interface = LabelInterface((files / "tasks.xml").read_text())
interface.validate()
expected = [row for row in json.loads((files / "rows.json").read_text()) if row["width"]]
faces = [row for row in expected if row["face_index"] is not None]

for name in ("tasks.json", "tasks-face.json"):
    tasks = json.loads((files / name).read_text())
    rectangles = []
    for task in tasks:
        for prediction in task["predictions"]:
            faults = interface.validate_prediction(prediction, return_errors=True)
            assert not faults, faults
            # What the validator lets pass: ids that are not shared, boxes outside the picture.
            by_type = {"rectanglelabels": [], "number": []}
            for region in prediction["result"]:
                by_type[region["type"]].append(region)
            assert [one["id"] for one in by_type["rectanglelabels"]] == [
                one["id"] for one in by_type["number"]
            ]
            for region in prediction["result"]:
                value = region["value"]
                assert value["x"] >= 0, value
                assert value["y"] >= 0, value
                assert value["x"] + value["width"] <= 100, value
                assert value["y"] + value["height"] <= 100, value
            rectangles += by_type["rectanglelabels"]
    assert len(rectangles) == len(faces), (name, len(rectangles))
    for region, row in zip(rectangles, faces, strict=True):
        value = region["value"]
        assert value["rectanglelabels"] == [row["top_label"]]
        assert abs(value["x"] * row["width"] / 100 - row["box_x"]) < 1e-6
        assert abs(value["height"] * row["height"] / 100 - row["box_h"]) < 1e-6
        assert region["score"] == row["top_p"]
print(f"label-studio-sdk {version('label-studio-sdk')}: {len(faces)} faces, per photo and per face")

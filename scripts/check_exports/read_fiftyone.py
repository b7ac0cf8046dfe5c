"""FiftyOne opens the COCO file with a mongod of its own on loopback, usage tracking off."""

import json
import os
import socket
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

files = Path(sys.argv[1])
[mongod] = Path(sys.prefix).glob("lib/python*/site-packages/fiftyone/db/bin/mongod")
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
data = files / "mongo"
data.mkdir()
mongod.chmod(0o755)
database = subprocess.Popen(
    [mongod, "--dbpath", data, "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket"],
    stdout=subprocess.DEVNULL,
)
os.environ |= {
    "FIFTYONE_DATABASE_URI": f"mongodb://127.0.0.1:{port}",
    "FIFTYONE_DO_NOT_TRACK": "true",
}
try:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    import fiftyone as fo

    def opened(labels: str) -> fo.Dataset:
        return fo.Dataset.from_dir(
            dataset_type=fo.types.COCODetectionDataset,
            data_path=str(files / "photos"),
            labels_path=str(files / labels),
            label_types=["detections", "keypoints"],
            include_id=True,
        )

    dataset = opened("coco.json")
    expected = [row for row in json.loads((files / "rows.json").read_text()) if row["width"]]
    faces = [row for row in expected if row["face_index"] is not None]
    assert len(dataset) == len({row["item_id"] for row in expected}), len(dataset)
    told = [
        (sample, one)
        for sample in dataset.sort_by("coco_id")
        for one in (sample.detections.detections if sample.detections else ())
    ]
    assert len(told) == len(faces), len(told)
    for (sample, one), row in zip(told, faces, strict=True):
        assert sample.filepath.endswith(row["filename"]), sample.filepath
        assert one.label == row["top_label"]
        assert abs(one.confidence - row["top_p"]) < 1e-6
        assert abs(one.bounding_box[0] * row["width"] - row["box_x"]) < 1e-6
        assert abs(one["p_fear"] - row["p_fear"]) < 1e-6
        assert one["uncertain"] is row["uncertain"]
    points = [
        one
        for sample in dataset
        for one in (sample.keypoints.keypoints if sample.keypoints else ())
    ]
    assert {len(one.points) for one in points} == {5}
    assert len(opened("empty-coco.json")) == 1
    print(
        f"fiftyone {version('fiftyone')}: {len(dataset)} photos, {len(told)} faces,"
        f" {len(points)} with keypoints; and a job without faces"
    )
finally:
    database.terminate()
    database.wait()

"""What a job and a photo look like in the OpenAPI document; a test keeps them valid."""

from typing import Any

_JOB = "job_01936fd2c0a27b6e8f3a5b7c9d1e2f30"

JOB_EXAMPLE: dict[str, Any] = {
    "id": _JOB,
    "object": "job",
    "tenant": "archive",
    "status": "running",
    "created_at": "2026-11-23T07:00:00Z",
    "started_at": "2026-11-23T07:00:01Z",
    "finished_at": None,
    "expires_at": "2026-12-23T07:00:00Z",
    "inputs_erased_at": None,
    "counts": {
        "total": 200,
        "queued": 132,
        "running": 8,
        "succeeded": 54,
        "no_face": 5,
        "failed": 1,
        "cancelled": 0,
    },
    "progress": 0.3,
    "eta_seconds": 46.7,
    "queue_position": None,
    "model": {"version": "starter-1.0.0+1a2b3c4d"},
    "config": {
        "top_n": 3,
        "min_face_px": 20,
        "detection_threshold": 0.9,
        "annotated": False,
        "faces": "detect",
        "detector": "retinaface",
    },
    "labels": {"album": "2026-11"},
    "client_ref": None,
    "parent_job_id": None,
    "created_by": {"key_id": "key_01936fd2c0a27b6e8f3a5b7c9d1e2f32", "name": "nightly batch"},
    "links": {
        "self": f"/v1/jobs/{_JOB}",
        "items": f"/v1/jobs/{_JOB}/items",
        "results": f"/v1/jobs/{_JOB}/results",
        "events": f"/v1/jobs/{_JOB}/events",
        "cancel": f"/v1/jobs/{_JOB}/cancel",
        "retry": f"/v1/jobs/{_JOB}/retry",
    },
}

PHOTO_EXAMPLE: dict[str, Any] = {
    "item_id": "itm_01936fd2c0a27b6e8f3a5b7c9d1e2f31",
    "index": 0,
    "filename": "beach.jpg",
    "client_ref": None,
    "source_url": None,
    "content_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "status": "succeeded",
    "attempts": 1,
    "model_version": "starter-1.0.0+1a2b3c4d",
    "precision": "bf16",
    "detector": "retinaface",
    "image": {"width": 1600, "height": 1200, "exif_orientation": 6, "scale": 1.0},
    "captured_at": "2026-07-19T14:03:27+02:00",
    "warnings": [],
    "faces": [
        {
            "face_index": 0,
            "box": {"x": 640.0, "y": 300.0, "w": 240.0, "h": 300.0},
            "box_norm": {"x": 0.4, "y": 0.25, "w": 0.15, "h": 0.25},
            "landmarks": {
                "left_eye": {"x": 705.2, "y": 418.4},
                "right_eye": {"x": 812.9, "y": 420.1},
                "nose": {"x": 758.3, "y": 480.7},
                "mouth_left": {"x": 712.6, "y": 535.0},
                "mouth_right": {"x": 806.4, "y": 536.8},
            },
            "detection_confidence": 0.998,
            "quality": {"face_px": 300.0, "blur": 183.5},
            "roll": 1.0,
            "emotions": {
                "surprise": 0.02,
                "fear": 0.01,
                "disgust": 0.01,
                "happiness": 0.85,
                "anger": 0.01,
                "sadness": 0.02,
                "neutral": 0.08,
            },
            "top": [{"label": "happiness", "p": 0.85}, {"label": "neutral", "p": 0.08}],
            "margin": 0.77,
            "uncertain": False,
            "warnings": [],
        }
    ],
    "faces_truncated": False,
    "error": None,
}

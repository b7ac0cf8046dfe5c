"""What a comparison of two jobs looks like in the OpenAPI document; a test keeps it valid."""

from typing import Any

from services.common.domain.emotions import EMOTIONS

_CONFUSION = [[0] * len(EMOTIONS) for _ in EMOTIONS]
_CONFUSION[3] = [0, 0, 0, 118, 0, 0, 7]
_CONFUSION[6] = [0, 0, 0, 2, 0, 0, 91]

DIFF_EXAMPLE: dict[str, Any] = {
    "data": [
        {
            "index": 4,
            "item_id": "itm_01936fd2c0a27b6e8f3a5b7c9d1e2f31",
            "with_item_id": "itm_01936fd2c0a27b6e8f3a5b7c9d1e2f41",
            "filename": "beach.jpg",
            "iou": 1.0,
            "this": {"face_index": 0, "expression": "neutral", "p": 0.61},
            "other": {"face_index": 0, "expression": "happiness", "p": 0.52},
        }
    ],
    "next_cursor": "WzRd",
    "has_more": True,
    "job_id": "job_01936fd2c0a27b6e8f3a5b7c9d1e2f40",
    "with_job_id": "job_01936fd2c0a27b6e8f3a5b7c9d1e2f30",
    "model_version": "mine-0.2.0+5e6f7a8b",
    "with_model_version": "starter-1.0.0+1a2b3c4d",
    "totals": {
        "photos": 200,
        "unanswered": 1,
        "faces": 218,
        "changed": 9,
        "lost": 0,
        "gained": 0,
        "mean_shift": 0.071,
        "emotions": list(EMOTIONS),
        "confusion": _CONFUSION,
    },
}

"""What models and a canary look like in the OpenAPI document; a test keeps them valid."""

from typing import Any

from services.common.domain.emotions import EMOTIONS

MODEL_EXAMPLE: dict[str, Any] = {
    "id": "mdl_01936fd2c0a27b6e8f3a5b7c9d1e2f33",
    "name": "starter",
    "version": "1.0.0",
    "model_version": "starter-1.0.0+1a2b3c4d",
    "sha256": "1a2b3c4d" * 8,
    "labels": [str(emotion) for emotion in EMOTIONS],
    "active": False,
    "canary": True,
    "workers": 0,
    "refusals": [
        {
            "code": "bundle-refused",
            "reason": "golden.npz is not readable; export the bundle again.",
            "workers": 2,
        }
    ],
    "offered": False,
    "metrics": {
        "accuracy": 0.68,
        "macro_recall": 0.65,
        "macro_f1": 0.66,
        "truth": "judges",
        "test_sha256": "5e6f7a8b" * 8,
        "n": 1_780,
    },
    "created_at": "2026-11-23T07:00:00Z",
    "activated_at": None,
}

ACTIVATED_EXAMPLE: dict[str, Any] = {
    **MODEL_EXAMPLE,
    "active": True,
    "canary": False,
    "refusals": [],
    "activated_at": "2026-11-23T07:10:00Z",
    "checked": True,
}

DETAIL_EXAMPLE: dict[str, Any] = {
    **MODEL_EXAMPLE,
    "manifest": {
        "format_version": 1,
        "name": "starter",
        "version": "1.0.0",
        "metrics": {
            "accuracy": {"value": 0.68, "low": 0.66, "high": 0.7},
            "truth": "judges",
            "test_sha256": "5e6f7a8b" * 8,
            "n": 1_780,
        },
        "files": {"model.onnx": "9f86d081" * 8, "golden.npz": "88d4266f" * 8},
    },
    "data_set": {
        "id": "dst_01936fd2c0a27b6e8f3a5b7c9d1e2f34",
        "name": "party",
        "version": 1,
        "state": "thinned",
        "faces": 280,
        "erased": 2,
        "thinned_at": "2026-12-01T09:00:00Z",
    },
    "card": "# starter 1.0.0\n\nReads the apparent expression of a face.\n",
}

CANARY_EXAMPLE: dict[str, Any] = {
    "candidate": MODEL_EXAMPLE,
    "baseline": None,
    "share": 0.1,
    "started_at": "2026-11-23T07:05:00Z",
    "chunks": 12,
    "photos": 180,
    "faces": 240,
    "agreement": 0.85,
    "mean_abs_dp": 0.06,
}

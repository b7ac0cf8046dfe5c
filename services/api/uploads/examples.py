"""What an upload looks like in the OpenAPI document; a test keeps them valid."""

from typing import Any

_UPLOAD = "upl_01936fd2c0a27b6e8f3a5b7c9d1e2f30"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

FILE_EXAMPLE: dict[str, Any] = {"filename": "beach.jpg", "size": 2_145_728, "sha256": _SHA256}

UPLOAD_EXAMPLE: dict[str, Any] = {
    "id": _UPLOAD,
    "object": "upload",
    "status": "open",
    "files": 1001,
    "created_at": "2026-11-25T07:00:00Z",
    "expires_at": "2026-11-26T07:00:00Z",
    "job_id": None,
    "links": {
        "self": f"/v1/uploads/{_UPLOAD}",
        "files": f"/v1/uploads/{_UPLOAD}/files",
        "job": None,
    },
}

DECLARED_EXAMPLE: dict[str, Any] = {
    **UPLOAD_EXAMPLE,
    "urls_expire_at": "2026-11-25T08:00:00Z",
    "data": [
        {
            "index": 1000,
            "url": "https://s3.example.org/hfer/photos/0123456789abcdef/"
            f"01936fd2c0a27b6e8f3a5b7c9d1e2f30/001/{_SHA256}?X-Amz-Signature=…",
            "stored": False,
            "error": None,
        }
    ],
}

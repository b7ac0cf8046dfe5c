"""What FastAPI cannot see by itself: the body parsed by hand and the answer in a string."""

import json
from typing import Any

from services.api.bodies import JSON

_FACE = "01936fd2c0a27b6e8f3a5b7c9d1e2f31"
_BLACK_PIXEL = {"image": "\x00\x00\x00", "size": [1, 1]}

UPLOAD_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["image"],
                    "properties": {
                        "image": {
                            "type": "string",
                            "format": "binary",
                            "description": "one photo, a format of `/v1/limits`, 40 MB by default",
                        }
                    },
                },
                "example": {"image": "(the bytes of a photo)"},
            }
        },
    }
}


def _answer(description: str, example: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": description,
        "content": {
            JSON: {
                "schema": {
                    "type": "string",
                    "contentMediaType": JSON,
                    "description": "a JSON document, written into a JSON string",
                },
                "example": json.dumps(example),
            }
        },
    }


UPLOAD_ANSWER = _answer(
    "The faces, from top to bottom and from left to right; `image.image` holds the RGB pixels as"
    " Latin-1 text, `image.size` is height and width",
    {
        "face_ids": [_FACE],
        "colors": [[153, 51, 51]],
        "image": _BLACK_PIXEL,
        "bounding_box_coords": [[300, 880, 600, 640]],
    },
)
EMOTIONS_ANSWER = _answer(
    "Probabilities, best first; `image` as in `POST /upload_image`",
    {"emotions": {"happiness": 0.85, "neutral": 0.08, "surprise": 0.02}, "image": _BLACK_PIXEL},
)

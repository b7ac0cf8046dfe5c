"""What FastAPI cannot see by itself: the body of a publication, parsed by hand."""

from typing import Any

from services.api.models.bundle_reader import MAX_BUNDLE_FILES

BUNDLE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "minItems": 3,
                            "maxItems": MAX_BUNDLE_FILES,
                            "items": {"type": "string", "format": "binary"},
                            "description": "bundle.json and every file that it names, "
                            "under their plain names, 1 GB in all",
                        }
                    },
                },
                "example": {
                    "files": ["(the bytes of bundle.json)", "(of model.onnx)", "(of golden.npz)"]
                },
            }
        },
    }
}

"""The form by which a job is run again: its choices, and what is sent of them."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from services.web.views.units import span

_DETECTORS = ("retinaface", "openvino", "facenet")
_FACES = {"detect": "look for faces", "whole": "each picture is one face, cut out already"}
_HOUR, _DAY = 3_600, 86_400
_KEPT = (_HOUR, _DAY, 3 * _DAY, 7 * _DAY, 30 * _DAY)

Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RerunForm:
    """What the form offers and holds.

    Attributes:
        models: published models by id, the active one first, under "".
        detectors: by name; "" is the job's.
        faces: where faces are.
        kept: seconds that the photos may be kept for; "" is the usual time.
        values: what the fields hold, by name.
        fault: why it was refused.
        once: what makes a double click one job.
    """

    models: Choices
    detectors: Choices
    faces: Choices
    kept: Choices
    values: Mapping[str, str]
    fault: str = ""
    once: str = field(default_factory=lambda: secrets.token_hex(8))

    def refused(self, values: Mapping[str, str], fault: str) -> "RerunForm":
        """Return the form as it was sent, with the reason."""
        return replace(self, values={**self.values, **values}, fault=fault)


def rerun_form(
    job: Mapping[str, Any], models: Iterable[Mapping[str, Any]], limits: Mapping[str, Any]
) -> RerunForm:
    """Make the form for a job of the API, with its models and limits."""
    config = job.get("config") or {}
    values = {
        name: str(config[name])
        for name in ("top_n", "min_face_px", "detection_threshold", "faces")
        if config.get(name) is not None
    }
    usual = int(limits.get("inputs_retention_seconds") or 0)
    longest = int(limits.get("inputs_retention_max_seconds") or usual)
    return RerunForm(
        models=_models(models),
        detectors=(("", f"as before{_named(config.get('detector'))}"), *_pairs(_DETECTORS)),
        faces=tuple(_FACES.items()),
        kept=(
            ("", f"the usual time ({span(usual)})" if usual else "the usual time"),
            *((str(one), span(one)) for one in _KEPT if one <= longest and one != usual),
        ),
        values=values | {"model": "", "detector": "", "keep_photos_s": ""},
    )


def rerun_body(fields: Mapping[str, str]) -> dict[str, Any]:
    """Make the body of the request; a number that is none is passed on for the API to refuse."""
    options = {
        "top_n": _number(fields.get("top_n", "")),
        "min_face_px": _number(fields.get("min_face_px", "")),
        "detection_threshold": _number(fields.get("detection_threshold", "")),
        "faces": fields.get("faces", "").strip(),
    }
    body = {
        "model": fields.get("model", "").strip(),
        "detector": fields.get("detector", "").strip(),
        "keep_photos_s": _number(fields.get("keep_photos_s", "")),
        "options": {name: value for name, value in options.items() if value != ""},
    }
    return {name: value for name, value in body.items() if value != ""}


def _models(models: Iterable[Mapping[str, Any]]) -> Choices:
    active, others = "the active model", []
    for model in models:
        name = f"{model.get('name')} {model.get('version')}"
        if model.get("active"):
            active = f"{name} (active)"
        else:
            others.append((str(model.get("id")), name))
    return (("", active), *others)


def _named(detector: object) -> str:
    return f" ({detector})" if detector else ""


def _pairs(names: Iterable[str]) -> Choices:
    return tuple((name, name) for name in names)


def _number(text: str) -> int | float | str:
    plain = text.strip().replace(",", ".")
    try:
        return int(plain) if plain.isdecimal() else float(plain)
    except ValueError:
        return plain

"""What the probes answer."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

_ANSWERS = {"ok": True, "detail": "answers"}
_SERVERS = {"database": _ANSWERS, "broker": _ANSWERS, "bucket": _ANSWERS}
_NO_WORKER = {"ok": False, "detail": "no worker with a model gave a sign of life lately"}
READY_EXAMPLE: dict[str, Any] = {
    "status": "ready",
    "checks": {**_SERVERS, "worker": {"ok": True, "detail": "alive: 2 cpu"}},
    "warnings": [],
}
UNREADY_EXAMPLE: dict[str, Any] = {
    "status": "unready",
    "checks": {**_SERVERS, "worker": _NO_WORKER},
    "warnings": [],
}


class Alive(BaseModel):
    """The process serves requests; nothing is said about its surroundings."""

    status: Literal["ok"] = "ok"


class CheckObject(BaseModel):
    """One part of the surroundings."""

    ok: bool = Field(examples=[True])
    detail: str = Field(examples=["answers"])


class Readiness(BaseModel):
    """Whether photos sent now would be analysed, and if not, what is red."""

    model_config = ConfigDict(json_schema_extra={"example": READY_EXAMPLE})

    status: Literal["ready", "unready"]
    checks: dict[str, CheckObject]
    warnings: list[str] = Field(
        default=[], description="what makes nothing red, but leaves some photos waiting"
    )


class Version(BaseModel):
    """What runs here."""

    version: str = Field(examples=["0.1.0"])
    api: Literal["v1"] = "v1"

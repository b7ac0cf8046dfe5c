"""What the probes answer."""

from typing import Literal

from pydantic import BaseModel


class Alive(BaseModel):
    """The process serves requests; nothing is said about its surroundings."""

    status: Literal["ok"] = "ok"


class CheckObject(BaseModel):
    """One part of the surroundings."""

    ok: bool
    detail: str


class Readiness(BaseModel):
    """Whether photos sent now would be analysed, and if not, what is red."""

    status: Literal["ready", "unready"]
    checks: dict[str, CheckObject]


class Version(BaseModel):
    """What runs here."""

    version: str
    api: Literal["v1"] = "v1"

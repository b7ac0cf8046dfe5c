"""What a connection may cost, as the processes that answer HTTP read it from their settings."""

from pydantic import BaseModel, Field


class ConnectionSettings(BaseModel):
    """Limits of a connection, for the settings of a process to go on from."""

    keep_alive_s: int = Field(
        default=125,
        ge=1,
        description="how long an idle connection is kept: longer than a proxy in front keeps it,"
        " which would else use one as it closes",
    )
    connections: int = Field(
        default=800,
        ge=1,
        description="open ones at a time; at more an idle one is closed, or the new one answered"
        " 503",
    )
    head_bytes: int = Field(
        default=65_536, ge=1_024, description="request line and headers; more is answered 431"
    )
    head_s: float = Field(
        default=20.0, gt=0, description="for a request's head to come; after it 408"
    )
    body_s: float = Field(default=3_600.0, gt=0, description="for its body; after it 408")
    body_grace_s: float = Field(
        default=60.0, gt=0, description="in which a body may come as slowly as it likes"
    )
    body_pace: int = Field(
        default=4_096, ge=1, description="mean bytes a second of a body after that; below it 408"
    )

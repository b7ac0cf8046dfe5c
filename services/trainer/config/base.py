"""What all sections of a recipe share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A frozen part of a recipe; a misspelt field is an error, not a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

"""What a key is for, as whoever makes it declares, and what it may not be for.

Article 5(1)(f) of the EU AI Act prohibits inferring emotions of people at work and in education,
save for medical or safety reasons. A declaration is words: what a key is used for nobody sees here.
"""

from dataclasses import dataclass
from enum import StrEnum

from services.common.domain.errors import HferError


class Purpose(StrEnum):
    """What photos are analysed for; ``other`` says it in words."""

    RESEARCH = "research"
    MEDICAL = "medical"
    SAFETY = "safety"
    ACCESSIBILITY = "accessibility"
    MEDIA = "media"
    EVALUATION = "evaluation"
    WORKPLACE = "workplace"
    EDUCATION = "education"
    OTHER = "other"


class PurposeException(StrEnum):
    """Reasons for which Article 5(1)(f) allows what it prohibits otherwise."""

    MEDICAL = "medical"
    SAFETY = "safety"


PROHIBITED = {Purpose.WORKPLACE: "at work", Purpose.EDUCATION: "in education"}


class PurposeProhibitedError(HferError):
    """The law prohibits the purpose, and no exception is named."""

    code = "purpose-prohibited"


class PurposeUnclearError(HferError):
    """What was declared does not fit together; ``field`` names the part that is at fault."""

    code = "validation"

    def __init__(self, field: str, detail: str) -> None:
        """Name the part and what to do about it."""
        super().__init__(detail)
        self.field = field


@dataclass(frozen=True, slots=True)
class DeclaredPurpose:
    """A purpose that a key may have: no other can be built.

    Attributes:
        name: of the list.
        exception: why a prohibited one is allowed here.
        note: in words; for ``other``, and what the medical or safety reason is.

    Raises:
        PurposeProhibitedError: people at work or in education, and no exception, or none explained.
        PurposeUnclearError: ``other`` without a note, or an exception that nothing needs.
    """

    name: Purpose
    exception: PurposeException | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        where = PROHIBITED.get(self.name)
        if where is not None and not (self.exception and self.note):
            raise PurposeProhibitedError(
                f"Inferring emotions of people {where} is prohibited in the EU (AI Act, Article"
                " 5(1)(f)), save for medical or safety reasons. Where that is the reason, name it"
                " as purpose.exception ('medical' or 'safety') and say in purpose.note what it is."
            )
        if where is None and self.exception is not None:
            raise PurposeUnclearError(
                "exception", f"The purpose {self.name} needs no exception; leave it out."
            )
        if self.name is Purpose.OTHER and not self.note:
            raise PurposeUnclearError("note", "Say in words what the key is for.")

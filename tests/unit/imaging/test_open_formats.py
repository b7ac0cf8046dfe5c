from services.common.domain.limits import PhotoLimits
from services.imaging.decode import READERS
from services.imaging.open_formats import OWN_FORMATS, open_formats


def test_own_formats_are_those_that_need_no_child() -> None:
    assert set(READERS) == OWN_FORMATS


def test_a_format_that_the_settings_close_is_not_open() -> None:
    assert open_formats(PhotoLimits(formats=("PNG", "GIF"))) == ("PNG", "GIF")

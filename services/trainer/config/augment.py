"""Random changes of training images."""

from pydantic import Field

from services.trainer.config.base import Section, Share


class AugmentConfig(Section):
    """Random changes of training images; evaluation sees none.

    ``shift`` is a share of the side, ``zoom`` the largest relative change of scale,
    ``rotate`` degrees, ``brightness`` and ``contrast`` relative, ``erase`` the probability of
    replacing a rectangle of ``erase_area`` (shares of the image) with noise. ``blur``, ``levels``
    and ``jpeg`` are the probabilities that an image becomes what poor photos hold: blurred by a
    Gaussian of up to ``blur_sigma`` (a share of the side); its levels squeezed to a part of the
    range, from ``least_levels`` of it on, as in dark, faded and flat pictures; stored as a JPEG
    of a quality from ``jpeg_quality`` to 80. ``unreadable`` is the probability that so little is
    left of an image that nobody can tell, and its target is even over the classes. ``mixup`` is the
    alpha of its Beta distribution (arXiv 1710.09412) and ``cutmix`` the probability that a batch
    is cut together instead (arXiv 1905.04899); 0 turns each off.
    """

    flip: Share = 0.5
    shift: float = Field(default=0.1, ge=0, lt=0.5)
    zoom: float = Field(default=0.1, ge=0, lt=0.5)
    rotate: float = Field(default=10.0, ge=0, le=90)
    brightness: float = Field(default=0.2, ge=0, lt=1)
    contrast: float = Field(default=0.3, ge=0, lt=1)
    erase: Share = 0.5
    erase_area: tuple[Share, Share] = (0.02, 0.2)
    blur: Share = 0.0
    blur_sigma: float = Field(default=0.04, gt=0, lt=0.5)
    levels: Share = 0.0
    least_levels: float = Field(default=0.15, gt=0, le=1)
    jpeg: Share = 0.0
    jpeg_quality: int = Field(default=20, ge=1, le=80)
    unreadable: Share = 0.0
    mixup: float = Field(default=0.0, ge=0)
    cutmix: Share = 0.0


NO_AUGMENT = AugmentConfig(flip=0, shift=0, zoom=0, rotate=0, brightness=0, contrast=0, erase=0)

"""What the cache holds and how it is split."""

from typing import Literal

from pydantic import Field, model_validator

from services.trainer.config.base import Section, Share


class DataConfig(Section):
    """The images of a run.

    Attributes:
        size: side of the square images, in pixels.
        channels: 1 for gray, 3 for RGB.
        split_rule: "layout" keeps the splits that the data brings and cuts what is missing;
            "seed" merges everything and cuts it exactly as hfer v0's notebook did; "halves" is
            "layout" with the validation images cut in two, the second half for testing
            (``data/halves.py``); "unseen" is for a model that goes on from another: no image that
            this one was trained on, nor a copy of it, is tested or calibrated on.
        votes: tables of what several judges said of each image, lists of images to leave out, or
            folders of both (``data/votes/tables.py``). Their shares become the targets; the data
            set's own label stays as the second head's.
        validation_share: cut from the training images when the data brings no validation set.
        test_share: the same for the test set, when there are class folders only.
        near_duplicate: correlation at 24x24 from which two images count as the same photo.
        split_seed: seed of those cuts.
        drop_suspect: leave blank, contradictory and leaking images out of training.
        framing: "own": images are faces as the data set frames them. "served": each is cut as
            serving would, around our detector's box by ``crop_margin`` and centre, which must be
            given; one in which no face is found stays as it is.
        served_share: probability that a training image is shown as serving would crop it, around
            our detector's box, where a face is found in it (``data/framing.py``).
        name: of the data set, in the manifest and the model card; None: what ``data/known.py``
            knows of it.
        licence: its terms, likewise.
        crop_margin: how the images frame a face against the detector's box, so that serving
            cuts the same; as in ``vision.InputSpec``. None: what ``data/framing.py`` measures.
        centre_dx: likewise.
        centre_dy: likewise.
    """

    size: int = Field(default=48, ge=16, le=512)
    channels: Literal[1, 3] = 1
    split_rule: Literal["layout", "seed", "halves", "unseen"] = "layout"
    votes: tuple[str, ...] = ()
    validation_share: float = Field(default=0.1, gt=0, lt=0.5)
    test_share: float = Field(default=0.1, gt=0, lt=0.5)
    near_duplicate: float = Field(default=0.98, gt=0.5, le=1)
    split_seed: int = 42
    drop_suspect: bool = True
    framing: Literal["own", "served"] = "own"
    served_share: Share = 0.0
    name: str | None = Field(default=None, min_length=1)
    licence: str | None = Field(default=None, min_length=1)
    crop_margin: float | None = Field(default=None, gt=-1, le=4)
    centre_dx: float | None = Field(default=None, ge=-1, le=1)
    centre_dy: float | None = Field(default=None, ge=-1, le=1)

    @model_validator(mode="after")
    def _hfer_v0_had_no_votes(self) -> "DataConfig":
        if self.votes and self.split_rule == "seed":
            raise ValueError(
                "data.votes does not go with data.split_rule=seed, which reproduces hfer v0's cut "
                "of all images; leave one of them out"
            )
        return self

    @property
    def framing_given(self) -> bool:
        """Whether the recipe says how crops lie around a face, so that it is not measured."""
        return None not in (self.crop_margin, self.centre_dx, self.centre_dy)

    @model_validator(mode="after")
    def _knows_what_is_served(self) -> "DataConfig":
        if self.framing == "served" and (self.served_share or not self.framing_given):
            raise ValueError(
                "data.framing=served needs data.crop_margin, centre_dx and centre_dy, and no "
                "data.served_share: there is one view of each image"
            )
        return self

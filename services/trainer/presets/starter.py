"""The model that ships: the teacher's network, trained on and taught by its answers.

    make starter DATA=fer2013.tar.gz VOTES=ferplus

trains the teacher (``starter-teacher``) and then this. It begins with its weights and sees
the same crops at 144 px instead of 96, nearer to what the face weights were made for; a third of
the loss is the distance from the teacher's softened answers (arXiv 1503.02531), the rest from the
judges' shares. Poor photos are met half as often, and of one image in 25 so little is left that
nobody could tell.
"""

from services.trainer.config import AugmentConfig, DistillConfig, TrainConfig
from services.trainer.presets import starter_teacher

TEACHER = "runs/starter-teacher/bundle"


def build() -> TrainConfig:
    """Return the recipe."""
    teacher = starter_teacher.build()
    distill = DistillConfig(bundle=TEACHER, weight=0.3, temperature=2.0)
    return teacher.model_copy(
        update={
            "preset": "starter",
            "model": teacher.model.model_copy(
                update={"weights": TEACHER, "enlarge": 3, "int8": True}
            ),
            "optim": teacher.optim.model_copy(update={"lr": 6e-4}),
            "augment": AugmentConfig(
                rotate=10, erase=0.15, blur=0.1, levels=0.15, jpeg=0.1, unreadable=0.04
            ),
            "loss": teacher.loss.model_copy(update={"distill": distill}),
            "loop": teacher.loop.model_copy(update={"epochs": 6}),
        }
    )

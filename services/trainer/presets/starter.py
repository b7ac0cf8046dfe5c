"""The model that ships: the teacher's network, trained on and taught by its answers.

    make starter DATA=fer2013.tar.gz VOTES=ferplus

trains the teacher (``starter-teacher``) and then this. It begins with the teacher's weights; half
of the loss is the distance from the teacher's softened answers (arXiv 1503.02531), the other half
from the judges' shares, and poor photos are met half as often. What is shipped is a mean of the
teacher's weights and these, in the share that validation chooses.
"""

from services.trainer.config import AugmentConfig, DistillConfig, TrainConfig
from services.trainer.presets import starter_teacher

TEACHER = "runs/starter-teacher/bundle"


def build() -> TrainConfig:
    """Return the recipe."""
    teacher = starter_teacher.build()
    distill = DistillConfig(bundle=TEACHER, weight=0.5, temperature=2.0)
    return teacher.model_copy(
        update={
            "preset": "starter",
            "model": teacher.model.model_copy(
                update={"weights": TEACHER, "blend": "chosen", "int8": True}
            ),
            "optim": teacher.optim.model_copy(update={"lr": 4e-4}),
            "augment": AugmentConfig(rotate=10, erase=0.15, blur=0.1, levels=0.15, jpeg=0.1),
            "loss": teacher.loss.model_copy(update={"distill": distill}),
            "loop": teacher.loop.model_copy(update={"epochs": 4}),
        }
    )

"""The model that ships: the teacher's network, trained on, on faces as serving crops them.

    make starter DATA=fer2013.tar.gz

trains the teacher (``starter-teacher``, 14 epochs) and then this. It begins with the teacher's
weights. Half of the training images come as our detector and crop would hand them over in serving,
the others as FER2013 frames them; half of the loss is the distance from the teacher's softened
answers (arXiv 1503.02531), which are surer guides than labels on which people agree in two of
three cases. What is shipped is the mean of the teacher's weights and these.
"""

from services.trainer.config import DistillConfig, LossConfig, TrainConfig
from services.trainer.presets import starter_teacher

TEACHER = "runs/starter-teacher/bundle"


def build() -> TrainConfig:
    """Return the recipe."""
    teacher = starter_teacher.build()
    return teacher.model_copy(
        update={
            "preset": "starter",
            "data": teacher.data.model_copy(update={"served_share": 0.5}),
            "model": teacher.model.model_copy(update={"weights": TEACHER, "blend": 0.5}),
            "optim": teacher.optim.model_copy(update={"lr": 6e-4, "warmup_steps": 200}),
            "loss": LossConfig(
                label_smoothing=0.0,
                distill=DistillConfig(bundle=TEACHER, weight=0.5, temperature=2.0),
            ),
            "loop": teacher.loop.model_copy(update={"epochs": 4}),
        }
    )

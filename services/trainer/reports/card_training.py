"""What a model card says of the training: network, beginning, lessons, changes of plan."""

from typing import Any

from services.trainer.config import Backbone

_BACKBONES = {
    Backbone.DENSENET_BC: "DenseNet-BC",
    Backbone.EFFICIENTNET_LITE0: "EfficientNet-Lite0",
    Backbone.MOBILENET_V1: "MobileNet v1",
    Backbone.VGG16: "VGG16",
    Backbone.RESNET50: "ResNet-50",
    Backbone.DENSENET121: "DenseNet-121",
    Backbone.DENSENET169: "DenseNet-169",
    Backbone.EFFICIENTNETV2_B0: "EfficientNetV2-B0",
    Backbone.EFFICIENTNETV2_S: "EfficientNetV2-S",
}


def network(recipe: dict[str, Any]) -> str:
    """Name the network and what it takes."""
    model, side = recipe["model"], recipe["data"]["size"]
    name = _BACKBONES[model["backbone"]]
    if model["backbone"] == Backbone.DENSENET_BC:
        name += " with blocks {blocks} and growth {growth}".format(**model["densenet"])
    colour = "gray" if recipe["data"]["channels"] == 1 else "RGB"
    enlarged = f", enlarged to {side * model['enlarge']} px inside" if model["enlarge"] > 1 else ""
    return f"{name} on {colour} crops of {side} px{enlarged}"


def started_from(source: str, origin: dict[str, Any] | None) -> str:
    """Say what training began with, and of an earlier model what that began with."""
    known = {
        "none": "random weights",
        "imagenet": "published ImageNet weights",
        "faceres": "the published face weights faceres (@vladmandic/human, MIT; trained by their\n"
        "author on VGGFace2 to tell people apart, of which neither the embedding nor the age and\n"
        "gender heads are in this network)",
    }
    if source in known:
        return known[source]
    if not origin or not origin["models"]:
        return "the weights of an earlier model"
    models, first = " and then ".join(origin["models"]), known.get(origin["weights"])
    before = f" and began with {first}" if first else ""
    return (
        f"the weights of {origin['models'][-1]}:\n{models} took {origin['minutes']:.0f} minutes"
        f"{before}.\nFrom there"
    )


def lessons(recipe: dict[str, Any]) -> str:
    """Say what else it learned from than images in their own frames and their labels."""
    parts = []
    if own := recipe["loss"].get("own_label_weight"):
        parts.append(
            f"a second head, not shipped, learned the data set's own labels (weight {own})"
        )
    if share := recipe["data"]["served_share"]:
        parts.append(f"{share:.0%} of the images with a face came as serving crops them")
    distill = recipe["loss"]["distill"]
    if distill["bundle"]:
        parts.append(f"{distill['weight']:.0%} of the loss came from an earlier model's answers")
    if blend := recipe["model"]["blend"]:
        parts.append(f"{blend:.0%} of each weight shipped is that of the earlier model")
    text = "; ".join(parts)
    return f"\n{text[0].upper()}{text[1:]}." if text else ""


def replanned(sessions: list[dict[str, Any]]) -> str:
    """Say when the schedule is not the single cosine of the recipe."""
    plans = [session["planned_epochs"] for session in sessions]
    if len(set(plans)) == 1:
        return ""
    changes = ", then ".join(
        f"{session['planned_epochs']} epochs from step {session['from_step']:,}"
        for session in sessions
    )
    return f" The plan was changed when the run was resumed ({changes})."

"""What ``train`` says when it cannot start, or should not be started here."""

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.trainer.commands.duration import Cpu, in_words, seconds_per_epoch
from services.trainer.config import Precision, TrainConfig
from services.trainer.presets import load_preset
from services.trainer.presets.needs import NEEDS
from services.trainer.training.host import computes_bfloat16, installed_gpus

# hfer v0's run on RAF-DB was stopped early after 28 of 100 epochs.
_EARLY_STOP = 28
# Of so many, and of no fewer, a network that knows nothing yet can learn expressions: `quick` ended
# at 21 % on 342 images, and `finetune` is made for up to 5,000.
_FROM_SCRATCH = 5_000
_IN_FLOAT32 = f"loop.precision={Precision.FLOAT32}"

_DATA_SETS = {
    "FER2013": (
        "35,887 faces, 48 px, gray, for academic use",
        "from Kaggle: Challenges in Representation Learning, Facial Expression Recognition",
        "fer2013.csv, or PNG files Training_…, PublicTest_…, PrivateTest_… in class folders",
    ),
    "RAF-DB": (
        "15,339 faces, 100 px, RGB, for non-commercial research",
        "from its authors, on request: whdeng.cn/RAF/model1.html",
        "Image/aligned with EmoLabel/list_patition_label.txt, or train/1 … 7 and test/1 … 7",
    ),
    "your own": (
        "one face in each image; of fewer than 5,000: make finetune DATA=folder",
        "class folders train/happiness/…, a .csv with path,label[,split], or a table of votes",
    ),
}


def explain_missing_data(preset: str, console: Console) -> None:
    """Say which data ``preset`` wants and where it is from, what suits this machine, what to do."""
    gpus, cpu = installed_gpus(), _this_cpu()
    console.print(f"[red]no data[/red]: {preset} learns from {NEEDS[preset].data}; name a copy.")
    console.print("None comes with HFER. What fits, and the forms that are read:")
    console.print(_data_sets())
    console.print(f"This machine has {cpu.cores} cores and {', '.join(gpus) or 'no GPU'}.")
    _say_if_gpus_are_unused(gpus, console)
    console.print(_presets(cpu=cpu, gpus=gpus))
    choice = preset if gpus or not NEEDS[preset].gpu else "quick"
    command = f"make train PRESET={choice} DATA={'rafdb' if NEEDS[choice].gpu else 'fer2013'}"
    if not gpus and _slowed_by_bfloat16(load_preset(choice), cpu):
        command += f" SET={_IN_FLOAT32}"
    console.print("Try it now, on faces that it draws:  make train PRESET=smoke", soft_wrap=True)
    console.print(f"Then in earnest:                     {command}", soft_wrap=True)
    console.print("More: docs/training.md", soft_wrap=True)


def warn_if_slow(preset: str, config: TrainConfig, console: Console, *, images: int) -> None:
    """Say what makes a recipe far slower here than it need be; it may continue.

    That is a GPU's recipe without a GPU, with the time that it would take; a GPU that TensorFlow
    cannot use; bfloat16 on a CPU without it.

    Args:
        preset: of the recipe.
        config: the recipe, with its overrides.
        console: to print on.
        images: trained on.
    """
    gpus, cpu = installed_gpus(), _this_cpu()
    _say_if_gpus_are_unused(gpus, console)
    if gpus:
        return
    if NEEDS[preset].gpu:
        console.print(
            f"[yellow]warning[/yellow]: {preset} is meant for a GPU and there is none here: "
            f"{_estimated_time(config, images=images, cpu=cpu)}. The lines below show the time as "
            "measured. Ctrl-C saves and stops, --resume continues. "
            f"Meant for a CPU: {', '.join(_for_cpu())}.",
            highlight=False,
        )
    if _slowed_by_bfloat16(config, cpu):
        console.print(
            "[yellow]warning[/yellow]: this CPU has no bfloat16 and imitates it slowly; better "
            f"stop and add {_IN_FLOAT32} to the command (to make: SET={_IN_FLOAT32}).",
            highlight=False,
        )


def warn_if_few(
    config: TrainConfig, console: Console, *, images: int, data: Path, found: str | None = None
) -> None:
    """Say that a training learned nothing, and lead one from scratch on few images to `finetune`.

    Args:
        config: the recipe.
        console: to print on.
        images: trained on.
        data: where they are.
        found: why nothing was learned, in a sentence, if so it ended.
    """
    sentences = [found] if found else []
    if config.model.weights in {"none", "imagenet", "faceres"} and images < _FROM_SCRATCH:
        sentences.append(
            f"{images:,} training images are few for {config.preset}, whose network knows no "
            f"expression yet: it wants {_FROM_SCRATCH:,} and more. Go on from a finished model "
            f"instead, in minutes: make finetune DATA={data}"
        )
    if sentences:
        text = escape(" ".join(sentences))
        console.print(f"[yellow]warning[/yellow]: {text}", highlight=False, soft_wrap=True)


def _this_cpu() -> Cpu:
    return Cpu(cores=os.cpu_count() or 1, bfloat16=computes_bfloat16())


def _estimated_time(config: TrainConfig, *, images: int, cpu: Cpu) -> str:
    epoch = seconds_per_epoch(config, images=images, cpu=cpu)
    if epoch is None:
        return "how long it would take was not measured"
    return (
        f"about {in_words(epoch)} for an epoch of {images:,} images on {cpu.cores} cores, "
        f"{in_words(epoch * config.loop.epochs)} for all {config.loop.epochs}"
    )


def _data_sets() -> Table:
    table = Table.grid(padding=(0, 2))
    for name, lines in _DATA_SETS.items():
        table.add_row(f"  {name}", "\n".join(lines))
    return table


def _presets(*, cpu: Cpu, gpus: list[str]) -> Table:
    table = Table(title="Presets")
    for name in ("preset", "data", "made for", "here"):
        table.add_column(name, overflow="fold")
    for name, needs in NEEDS.items():
        table.add_row(
            name,
            needs.data or "draws its own",
            "GPU" if needs.gpu else "CPU",
            _time_here(name, cpu=cpu, gpus=gpus),
        )
    return table


def _time_here(preset: str, *, cpu: Cpu, gpus: list[str]) -> str:
    config, needs = load_preset(preset), NEEDS[preset]
    if needs.data is None:
        return "a minute or two"
    if needs.gpu and gpus:
        return "fits"
    precision = ""
    if _slowed_by_bfloat16(config, cpu):
        loop = config.loop.model_copy(update={"precision": Precision.FLOAT32})
        config, precision = config.model_copy(update={"loop": loop}), " in float32"
    epoch = seconds_per_epoch(config, images=needs.images, cpu=cpu)
    if epoch is None:
        return "not measured"
    epochs = min(config.loop.epochs, _EARLY_STOP) if config.optim.early_stop else config.loop.epochs
    about = f"about {in_words(epoch * epochs)}{precision}"
    return f"too slow: {about}" if needs.gpu else about


def _slowed_by_bfloat16(config: TrainConfig, cpu: Cpu) -> bool:
    return config.loop.precision is Precision.MIXED_BFLOAT16 and not cpu.bfloat16


def _for_cpu() -> list[str]:
    return [name for name, needs in NEEDS.items() if not needs.gpu]


def _say_if_gpus_are_unused(gpus: list[str], console: Console) -> None:
    if not gpus:
        return
    try:
        found = version("tensorflow-cpu")
    except PackageNotFoundError:
        return
    console.print(
        f"[yellow]warning[/yellow]: this TensorFlow is built for CPUs, {', '.join(gpus)} will not "
        "be used. Replace it: pip uninstall tensorflow-cpu, then "
        f"pip install 'tensorflow\\[and-cuda]=={found}'.",
        highlight=False,
    )

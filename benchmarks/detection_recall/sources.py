"""Where the faces come from, and the pictures without one: fixed, each with its SHA-256.

27 faces in 12 photos, some of one person. A box reaches about from forehead to chin and from ear
to ear; each was checked by eye, drawn into its photo. Two faces of these photos are left out: one
in profile in sample2.jpg, and one in obama2.jpg that is blurred and cut by the edge.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from benchmarks.detection_recall.packages import (
    CACHE,
    FACE_API,
    FACE_RECOGNITION,
    SCIKIT_IMAGE,
    Package,
    checked,
    fetch,
)
from services.common.domain.faces import Box

SAMPLES = Path(__file__).resolve().parents[2] / "samples"

Corners = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Source:
    """A face: the whole RGB photo and the box of the face in it."""

    name: str
    photo: Image.Image
    box: Box


_GROUPS = "package/demo/"
_PORTRAITS = "face_recognition-1.3.0/tests/test_images/"

# name: (package or None for samples/, SHA-256, boxes as x, y, w, h)
_FACES: dict[str, tuple[Package | None, str, tuple[Corners, ...]]] = {
    "collins.jpg": (
        None,
        "945df306f127a6012259cb6b4694cd1f07c49d63e21136ff595cdd99f3516028",
        ((180, 59, 88, 117),),
    ),
    "hopper.jpg": (
        None,
        "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130",
        ((174, 124, 183, 213),),
    ),
    _PORTRAITS + "biden.jpg": (
        FACE_RECOGNITION,
        "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c",
        ((430, 170, 276, 386),),
    ),
    _PORTRAITS + "obama.jpg": (
        FACE_RECOGNITION,
        "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6",
        ((370, 93, 239, 330),),
    ),
    _PORTRAITS + "obama2.jpg": (
        FACE_RECOGNITION,
        "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6",
        ((194, 214, 274, 435),),
    ),
    _PORTRAITS + "obama3.jpg": (
        FACE_RECOGNITION,
        "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3",
        ((641, 258, 267, 348),),
    ),
    _GROUPS + "sample1.jpg": (
        FACE_API,
        "8ecae4b267b2d3169e06e00c7dee97097aa2a94635d45216f7732a5f4943cb51",
        ((410, 356, 187, 245), (827, 428, 212, 233), (1471, 216, 213, 218)),
    ),
    _GROUPS + "sample2.jpg": (
        FACE_API,
        "7d2b60ae6f13bf30f422e04df87451081a02c83de469056f25afb44b7000c691",
        ((897, 243, 169, 216), (1440, 163, 203, 227)),
    ),
    _GROUPS + "sample3.jpg": (
        FACE_API,
        "8eb081c9efb14370fa94d9feab9e5fbeafd19a627491853a80c2bf67f7ffa936",
        ((586, 330, 210, 268), (1062, 205, 233, 306), (1493, 295, 202, 285)),
    ),
    _GROUPS + "sample4.jpg": (
        FACE_API,
        "729efa5923061d40eb4ed5f267a18cc7b8ba6f852bb2757b16d8b7e4937476fc",
        ((255, 207, 180, 235), (656, 75, 182, 222), (983, 179, 181, 240), (1265, 155, 177, 232)),
    ),
    _GROUPS + "sample5.jpg": (
        FACE_API,
        "6d45095ebb182d8f975c0790e0e4eefd86fbb40609cf4b271776d92e12662938",
        (
            (361, 878, 211, 289),
            (589, 414, 184, 258),
            (782, 112, 171, 222),
            (1117, 207, 173, 223),
            (1406, 399, 200, 272),
        ),
    ),
    _GROUPS + "sample6.jpg": (
        FACE_API,
        "9baad80f9d5e306fb9b8c0913d44445f1e95848df317530efb03d0934c57ba87",
        ((252, 481, 223, 289), (664, 334, 197, 301), (1170, 312, 204, 268), (1484, 265, 212, 287)),
    ),
}

# Parts of the photos above in which there is no face: clothes, hands, flags, furniture.
_PARTS: dict[str, Corners] = {
    "collins.jpg": (0, 230, 512, 512),
    "hopper.jpg": (0, 370, 512, 600),
    _PORTRAITS + "biden.jpg": (0, 640, 970, 2204),
    _PORTRAITS + "obama.jpg": (0, 470, 910, 1137),
    _PORTRAITS + "obama3.jpg": (0, 700, 1434, 2333),
    _GROUPS + "sample2.jpg": (0, 560, 1920, 1367),
    _GROUPS + "sample3.jpg": (0, 640, 1920, 1350),
    _GROUPS + "sample4.jpg": (0, 560, 1920, 1448),
    _GROUPS + "sample6.jpg": (0, 840, 1920, 1537),
}

_SCIKIT_IMAGE = {
    "brick.png": "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf",
    "cell.png": "8d23a7fb81f7cc877cd09f330357fc7f595651306e84e17252f6e0a1b3f61515",
    "chelsea.png": "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    "coffee.png": "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    "grass.png": "b6b6022426b38936c43a4ac09635cd78af074e90f42ffa8227ac8b7452d39f89",
    "gravel.png": "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12",
    "hubble_deep_field.jpg": "3a19c5dd8a927a9334bb1229a6d63711b1c0c767fb27e2286e7c84a3e2c2f5f4",
    "ihc.png": "f8dd1aa387ddd1f49d8ad13b50921b237df8e9b262606d258770687b0ef93cef",
    "moon.png": "78739619d11f7eb9c165bb5d2efd4772cee557812ec847532dbb1d92ef71f577",
    "motorcycle_left.png": "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179",
    "page.png": "341a6f0a61557662b02734a9b6e56ec33a915b2c41886b97509dedf2a43b47a3",
    "retina.jpg": "38a07f36f27f095e818aea7b96d34202c05176d30253c66733f2e00379e9e0e6",
    "rocket.jpg": "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
    "text.png": "bd84aa3a6e3c9887850d45d606c96b2e59433fbef50338570b63c319e668e6d1",
}

# CC BY 2.0: china.jpg by danielbuechele, flower.jpg by vultilion. The lock brings the package.
_SCIKIT_LEARN = {
    "china.jpg": "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
    "flower.jpg": "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
}


def faces(cache: Path = CACHE) -> list[Source]:
    """Return the 27 faces, always in the same order."""
    photos = _photos(cache)
    return [
        Source(f"{name}#{number}", photos[name], Box(*map(float, box)))
        for name, (_, _, boxes) in _FACES.items()
        for number, box in enumerate(boxes)
    ]


def sample_faces() -> list[Source]:
    """Return the two faces of samples/, for which nothing is fetched."""
    return [
        Source(name, _open(SAMPLES / name), Box(*map(float, boxes[0])))
        for name, (package, _, boxes) in _FACES.items()
        if package is None
    ]


def without_faces(cache: Path = CACHE) -> Iterator[tuple[str, Image.Image]]:
    """Yield the 25 pictures in which there is no human face, by name; chelsea.png is a cat."""
    prefix = "skimage/data/"
    members = {prefix + name: digest for name, digest in _SCIKIT_IMAGE.items()}
    for name, path in fetch(SCIKIT_IMAGE, members, cache).items():
        yield name.removeprefix(prefix), _open(path)
    for name, digest in _SCIKIT_LEARN.items():
        yield name, _open(_installed(name, digest))
    photos = _photos(cache)
    for name, part in _PARTS.items():
        yield name, photos[name].crop(part)


def _photos(cache: Path) -> dict[str, Image.Image]:
    paths: dict[str, Path] = {}
    for package in {package for package, _, _ in _FACES.values()}:
        members = {name: digest for name, (of, digest, _) in _FACES.items() if of is package}
        if package is not None:
            paths |= fetch(package, members, cache)
            continue
        for name, digest in members.items():
            checked((SAMPLES / name).read_bytes(), digest, name)
            paths[name] = SAMPLES / name
    return {name: _open(path) for name, path in paths.items()}


def _installed(name: str, digest: str) -> Path:
    import sklearn.datasets

    path = Path(sklearn.datasets.__file__).parent / "images" / name
    checked(path.read_bytes(), digest, name)
    return path


def _open(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")

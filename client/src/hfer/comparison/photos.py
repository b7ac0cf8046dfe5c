"""Which photo of a saved file is which of a job: by checksum, else by name."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from hfer.comparison.entries import SavedPhoto
from hfer.errors import SavedFileError
from hfer.models import PhotoResult

NOT_IN_JOB = "no photo of this name in the job"
SEVERAL = "several photos of the job could be it; give their paths, or --photos"
TAKEN = "another entry of the file is that photo"
NAMELESS = "the file does not tell its name"

# From a saved photo to the places of the results that it could be.
_Finder = Callable[[SavedPhoto], list[int]]


def checksums(folder: str | Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, by its MD5; both in lower case hex.

    Hume tells the MD5 of a photo, a job its SHA-256: only the photo itself ties them.

    Raises:
        SavedFileError: the folder, or a file in it, cannot be read.
    """
    root = Path(folder)
    if not root.is_dir():
        raise SavedFileError(f"{root} is no folder; --photos names the one with your photos.")
    found = {}
    try:
        for path in root.rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
                    file.seek(0)
                    found[md5.hexdigest()] = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SavedFileError(f"{error.filename} cannot be read: {error.strerror}.") from error
    return found


def pair_photos(
    saved: Sequence[SavedPhoto], results: Sequence[PhotoResult], sha256_of_md5: Mapping[str, str]
) -> tuple[dict[int, int], dict[int, str]]:
    """Pair photos one to one.

    First come equal bytes, then equal names. Then a path fits one that ends with it, whole folders
    and names at a time, and a name without its ending fits one with it, if only one is left to fit.

    Returns:
        Place in ``results`` by place in ``saved``, and why not for the other places in ``saved``.
    """
    free = set(range(len(results)))
    pairs: dict[int, int] = {}
    reasons = {at: photo.problem for at, photo in enumerate(saved) if photo.problem is not None}
    open_places = [at for at in range(len(saved)) if at not in reasons]
    for find in (_by_bytes(results, sha256_of_md5), _by_name(results), _by_ending(results)):
        for at in open_places:
            found = find(saved[at])
            left = [place for place in found if place in free]
            if len(left) == 1:
                pairs[at] = left[0]
                free.remove(left[0])
            elif found:
                reasons[at] = SEVERAL if left else TAKEN
            else:
                reasons.setdefault(at, NOT_IN_JOB if saved[at].name else NAMELESS)
        open_places = [at for at in open_places if at not in pairs]
    return pairs, {at: reason for at, reason in reasons.items() if at not in pairs}


def names_finder(results: Sequence[PhotoResult]) -> Callable[[str], list[int]]:
    """Return what finds the places of the photos that a name fits: whole names before endings."""
    whole, ending = _by_name(results), _by_ending(results)

    def find(name: str) -> list[int]:
        photo = SavedPhoto(name)
        return whole(photo) or ending(photo)

    return find


def _by_bytes(results: Sequence[PhotoResult], sha256_of_md5: Mapping[str, str]) -> _Finder:
    places = _places((result.content_sha256 or "", at) for at, result in enumerate(results))

    def find(photo: SavedPhoto) -> list[int]:
        sha256 = sha256_of_md5.get(photo.md5 or "")
        return places.get(sha256, []) if sha256 else []

    return find


def _by_name(results: Sequence[PhotoResult]) -> _Finder:
    places = _places((name, at) for at, result in enumerate(results) for name in _names(result))
    return lambda photo: places.get(photo.name, [])


def _by_ending(results: Sequence[PhotoResult]) -> _Finder:
    names = [{_parts(name) for name in _names(result)} for result in results]
    places = _places((_stem(own[-1]), at) for at, known in enumerate(names) for own in known)

    def find(photo: SavedPhoto) -> list[int]:
        if not photo.name:
            return []
        parts = _parts(photo.name)
        alike = list(dict.fromkeys(places.get(_stem(parts[-1]), []) + places.get(parts[-1], [])))
        whole = [at for at in alike if any(_ends(parts, own) for own in names[at])]
        bare = [at for at in alike if any(_ends(parts, _without_ending(own)) for own in names[at])]
        return whole or bare

    return find


def _places(pairs: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for key, at in pairs:
        places.setdefault(key, []).append(at)
    return places


def _names(result: PhotoResult) -> set[str]:
    return {name for name in (result.filename, result.source_url, result.client_ref) if name}


def _parts(name: str) -> tuple[str, ...]:
    """Return folders and name; of a URL those of its path."""
    path = unquote(urlsplit(name).path) if "://" in name else name
    return tuple(part for part in path.replace("\\", "/").split("/") if part) or ("",)


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _without_ending(parts: tuple[str, ...]) -> tuple[str, ...]:
    return (*parts[:-1], _stem(parts[-1]))


def _ends(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    short = min(len(one), len(other))
    return one[-short:] == other[-short:]

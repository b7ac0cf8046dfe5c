"""Photos by URL, which the service fetches itself: given as they are, or as ``s3://…``."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from hfer._names import clean_name
from hfer._s3 import S3_SCHEME, signed_photos
from hfer.errors import MixedSourcesError, TooManyPhotosError
from hfer.models import Limits

# What the service takes as a reference of the client's own.
LONGEST_REFERENCE = 255

Source = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Link:
    """A photo for the service to fetch; ``name`` is the URL as its owner knows it.

    ``below`` is its path below a folder of a bucket; else the service takes the URL's.
    """

    url: str
    name: str
    below: str = ""

    def as_input(self, limits: Limits) -> dict[str, str]:
        """Return it as the service takes it. A name that is no reference is left out."""
        fits = len(self.name) <= LONGEST_REFERENCE and self.name.isprintable()
        known = self.below and limits.filename_chars
        return (
            {"url": self.url}
            | ({"client_ref": self.name} if fits else {})
            | ({"filename": clean_name(self.below)} if known else {})
        )


def is_url(source: Source) -> bool:
    """Whether a source is a URL and no path: a ``Path`` never is."""
    return isinstance(source, str) and source.lower().startswith(("http://", "https://", S3_SCHEME))


def sort_out(sources: Sequence[Source]) -> tuple[list[Source], list[str]]:
    """Separate paths from URLs; one of the two lists is empty.

    Raises:
        MixedSourcesError: there are both.
    """
    paths = [source for source in sources if not is_url(source)]
    urls = [os.fspath(source) for source in sources if is_url(source)]
    if paths and urls:
        raise MixedSourcesError(
            f"A job holds files or URLs, not both: {paths[0]} and {_shown(urls[0])} were given."
            " Submit the files and the URLs as two jobs."
        )
    return paths, urls


def find_links(urls: Sequence[str], *, most: int, s3_expiry_s: int) -> list[Link]:
    """Make each URL a link, and each ``s3://…`` links to the photos that it names.

    Raises:
        TooManyPhotosError: there are more than ``most``.
        PhotoFileError: a bucket cannot be listed, or holds no photo there.
    """
    links: list[Link] = []
    for url in urls:
        if url.lower().startswith(S3_SCHEME):
            # One more than there is room for shows that there are too many; not all are listed.
            room = most - len(links) + 1
            signed = signed_photos(url, most=room, expiry_s=s3_expiry_s)
            links += [Link(photo.url, photo.name, photo.below) for photo in signed]
        else:
            links.append(Link(url, _shown(url)))
        if len(links) > most:
            raise TooManyPhotosError(
                f"One job takes {most:,} photos by URL, and more were given. Submit them in"
                f" several jobs, such as lists of {most:,} lines (split -l {most}) or folders of"
                " the bucket."
            )
    return links


def _shown(url: str) -> str:
    """Leave out the query, which may be a signature, and the fragment."""
    return urlsplit(url)._replace(query="", fragment="").geturl()

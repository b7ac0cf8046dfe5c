"""The file of ``--urls``: an address per line."""

from typing import BinaryIO

import typer

from hfer._links import is_url


def read_urls(file: BinaryIO) -> list[str]:
    """Read the URLs of a text file; blank lines and those that begin with ``#`` are comments.

    Raises:
        BadParameter: a line is no URL, or the file is no text.
    """
    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{file.name} is no text in UTF-8.") from error
    numbered = enumerate((line.strip() for line in text.splitlines()), start=1)
    found = [(number, line) for number, line in numbered if line and not line.startswith("#")]
    for number, line in found:
        if not is_url(line):
            raise typer.BadParameter(
                f"line {number} of {file.name}: {line!r} begins with none of https://, http://"
                " and s3://."
            )
    return [line for _, line in found]

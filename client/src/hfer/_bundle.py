"""From a folder to the files of a model bundle that are sent. The service verifies them."""

import json
from pathlib import Path

from hfer._files import LocalFile
from hfer.errors import BundleFileError

MANIFEST_NAME = "bundle.json"


def find_bundle(directory: Path) -> list[LocalFile]:
    """List the manifest of the bundle in ``directory``, then the files that it names.

    Whatever else lies in the folder stays there.

    Raises:
        BundleFileError: there is no manifest, or a file that it names cannot be read.
    """
    manifest = directory / MANIFEST_NAME
    try:
        names = sorted(json.loads(manifest.read_bytes())["files"])
    except OSError as error:
        raise BundleFileError(
            f"{directory} is no model bundle: cannot read {MANIFEST_NAME} ({error.strerror}). "
            "Give the folder that `make train` wrote."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BundleFileError(f"{manifest} names no files; export the bundle again.") from error
    # Only names of files beside the manifest: it must not make us send something else.
    strange = [name for name in names if not isinstance(name, str) or Path(name).name != name]
    if strange:
        raise BundleFileError(f"{manifest} names {strange[0]!r}, which is no plain file name.")
    paths = [manifest, *(directory / name for name in names)]
    return [LocalFile.find(path, fault=BundleFileError) for path in paths]

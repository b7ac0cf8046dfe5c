"""What can go wrong; every message says what to do, every kind has an exit code of its own."""

from typing import ClassVar


class BackupError(Exception):
    """Base: something outside of the backup failed, such as a server that is away."""

    exit_code: ClassVar[int] = 1


class TargetNotEmptyError(BackupError):
    """There is something where only an empty place is written to."""

    exit_code = 3


class DamagedBackupError(BackupError):
    """The folder is not a complete backup, or a file in it is not what its hash says."""

    exit_code = 4


class IncompleteBackupError(BackupError):
    """The backup was made, but the bucket lacks objects that live rows name."""

    exit_code = 5


class VersionError(BackupError):
    """The backup was made by a newer version than this one."""

    exit_code = 6


class ToolError(BackupError):
    """No fitting ``pg_dump`` or ``pg_restore``, or it failed."""

    exit_code = 7

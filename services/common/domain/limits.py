"""The limits of the product in one place: enforced everywhere, served at ``GET /v1/limits``."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """How much a photo, a request and a job may hold. Bytes are decimal (40 MB = 40,000,000).

    Attributes:
        photo_bytes: largest photo file.
        photo_pixels: most pixels of one photo, checked before it is decoded.
        photo_min_side_px: shortest side of a photo; MTCNN finds no face below it.
        request_files: most photos in one multipart request.
        request_bytes: largest multipart request.
        declare_files: most files that one request declares for upload by presigned URL.
        archive_entries: most files in one archive of a multipart request.
        archive_ratio: how many times its own size an archive may unpack to.
        archive_unpacked_bytes: what all archives of a request may unpack to.
        job_photos: most photos in one job (through presigned uploads).
        faces_per_photo: most faces kept per photo, largest first; a cut is flagged.
        min_face_px: smallest allowed ``min_face_px`` of a job, the longer side of a box.
        formats: file formats by content, as ``imaging.decode`` names them.
    """

    photo_bytes: int = 40_000_000
    photo_pixels: int = 64_000_000
    photo_min_side_px: int = 20
    request_files: int = 2_000
    request_bytes: int = 1_000_000_000
    archive_entries: int = 2_000
    archive_ratio: int = 100
    archive_unpacked_bytes: int = 1_000_000_000
    declare_files: int = 1_000
    job_photos: int = 100_000
    faces_per_photo: int = 300
    min_face_px: int = 20
    formats: tuple[str, ...] = (
        "JPEG",
        "PNG",
        "WEBP",
        "BMP",
        "TIFF",
        "HEIC",
        "AVIF",
        "JP2",
        "GIF",
    )

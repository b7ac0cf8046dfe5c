"""What lies beside the faces in a data set's archive: votes, description, Croissant, card."""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.api.datasets.schemas import DatasetObject
from services.common.datasets.repositories.datasets import CHOICES, Member
from services.common.domain.emotions import EMOTIONS
from services.common.domain.ids import IdKind, format_id
from services.common.domain.reviews import Answer
from services.imaging.training_crops import MARGIN

VOTES, DESCRIPTION, CROISSANT, CARD = "votes.csv", "dataset.json", "croissant.json", "README.md"
_FORMAT, _FORMAT_VERSION = "hfer-dataset", 1
# As the trainer and FER+ call them.
_COLUMNS = {Answer.CANNOT_TELL: "unknown", Answer.NOT_A_FACE: "nf"}
_NAMES = [_COLUMNS.get(choice, choice.value) for choice in CHOICES]


@dataclass(frozen=True, slots=True)
class ArchivedFace:
    """A face that is in the archive."""

    file: str
    member: Member

    @property
    def described(self) -> dict[str, Any]:
        """Return it as the description has it."""
        face, crop = self.member.face, self.member.crop
        return {
            "file": self.file,
            "sha256": crop.sha256.hex(),
            "split": face.side,
            "group": face.group_number,
            "job": format_id(IdKind.JOB, face.job_public_id),
            "item": format_id(IdKind.ITEM, face.item_public_id),
            "face_index": face.face_index,
            "blind": face.testable,
            "kept_for_training": crop.kept,
        }


def documents(shown: DatasetObject, faces: Sequence[ArchivedFace]) -> dict[str, bytes]:
    """Return the files by name."""
    votes = _votes(faces)
    return {
        VOTES: votes,
        DESCRIPTION: _json(_description(shown, faces)),
        CROISSANT: _json(_croissant(shown, votes)),
        CARD: _card(shown, faces).encode(),
    }


def _votes(faces: Sequence[ArchivedFace]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", *_NAMES, "split", "margin", "roll"])
    for each in faces:
        face, roll = each.member.face, each.member.crop.roll
        writer.writerow([each.file, *face.votes, face.side, MARGIN, "" if roll is None else roll])
    return text.getvalue().encode()


def _description(shown: DatasetObject, faces: Sequence[ArchivedFace]) -> dict[str, Any]:
    told = shown.model_dump(mode="json")
    head = {"format": _FORMAT, "format_version": _FORMAT_VERSION, "labels": list(EMOTIONS)}
    return {**head, **told, "faces": [each.described for each in faces]}


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, indent=1, ensure_ascii=False).encode()


def _croissant(shown: DatasetObject, votes: bytes) -> dict[str, Any]:
    """Describe the table of votes as Croissant 1.0 (JSON-LD); it names the faces' files."""
    kinds = {"file": "sc:Text", "split": "sc:Text", "margin": "sc:Float", "roll": "sc:Float"}
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": shown.name,
        "description": (
            "Faces with the votes of reviewers on their apparent expression, not on what anybody"
            f" felt. {shown.faces - shown.erased} faces, {shown.erased} erased since it was made."
        ),
        "version": f"{shown.version}.0.0",
        "citeAs": f"{shown.name}, version {shown.version} ({shown.id})",
        "license": shown.licence or "not stated",
        "datePublished": shown.created_at.date().isoformat(),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": VOTES,
                "name": VOTES,
                "contentUrl": VOTES,
                "encodingFormat": "text/csv",
                "sha256": hashlib.sha256(votes).hexdigest(),
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "faces",
                "name": "faces",
                "field": [
                    {
                        "@type": "cr:Field",
                        "@id": f"faces/{name}",
                        "name": name,
                        "dataType": kinds.get(name, "sc:Integer"),
                        "source": {"fileObject": {"@id": VOTES}, "extract": {"column": name}},
                    }
                    for name in ("file", *_NAMES, "split", "margin", "roll")
                ],
            }
        ],
    }


def _card(shown: DatasetObject, faces: Sequence[ArchivedFace]) -> str:
    sides = {side.value: counts for side, counts in shown.counts.items()}
    rows = "\n".join(
        f"| {emotion} | "
        + " | ".join(f"{counts.get(emotion, 0):,}" for counts in sides.values())
        + " |"
        for emotion in EMOTIONS
    )
    left_out = ", ".join(
        f"{count:,} {reason.replace('_', ' ')}" for reason, count in shown.left_out.items()
    )
    kept = sum(each.member.crop.kept for each in faces)
    thinned = (
        f"**Thinned**: {shown.erased:,} faces were erased since it was made, the last at "
        f"{shown.thinned_at:%Y-%m-%d %H:%M} UTC.\n\n"
        if shown.thinned_at
        else ""
    )
    return _CARD.format(
        name=shown.name,
        version=shown.version,
        id=shown.id,
        there=len(faces),
        faces=shown.faces,
        thinned=thinned,
        head=" | ".join(sides),
        rule="---|" * (1 + len(sides)),
        rows=rows,
        left_out=left_out or "none",
        jobs=", ".join(f"`{job}`" for job in shown.jobs),
        consent=shown.consent or "not stated",
        licence=shown.licence or "not stated",
        kept=kept,
    )


_CARD = """\
# {name}, version {version}

{there:,} faces of {faces:,} that the version was made with, each with the votes of reviewers on its
**apparent expression**: what it looks like in one picture, not what a person feels or is. The
service knows it as `{id}`.

{thinned}| most said | {head} |
|{rule}
{rows}

- **Sides.** Faces of one photo and near copies lie on one side. The test faces were drawn at random
  and count the votes alone that were given blind; faces that were picked because the model was
  unsure of them are never among them. Judge by nothing else.
- **Left out** of the reviewed faces: {left_out}.
- **From** {jobs}.
- **Consent** of the people in it: {consent}. Of the faces {kept:,} may outlive their photos, as
  their job said so; the service keeps the others no longer than those.
- **Terms**: {licence}.
- **Erasure.** Who has a copy of this archive has to erase what the service erases. A version that
  was thinned says so at `/v1/datasets`, and models that were trained on it say it too.
- **Not for** decisions about people, nor for inferring emotions at work or in education (EU AI Act,
  Article 5(1)(f)). It knows nothing of who the people are, and is not balanced between groups.

`make finetune DATA=` takes the archive as it is.
"""

_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

"""Votes joined to the images of a data set, and the images left out for want of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from services.trainer.data.layouts.sample import Sample
from services.trainer.data.layouts.scan import table_of
from services.trainer.data.layouts.tables import USAGES, is_votes
from services.trainer.data.votes.counts import usable
from services.trainer.data.votes.tables import Key, VoteTable, named, read_votes
from services.trainer.errors import VotesError

FER_PLUS = "fer2013new.csv"
# Why an image is left out, as manifests and reports call it.
NOT_A_FACE, NO_VOTES, OTHER_VOTES = "not_a_face", "without_votes", "most_votes_on_no_expression"
# Nothing says whose votes are whose. Two names of FER2013's PNG files stand for two faces each, in
# two class folders.
TWO_OF_A_NAME = "two_of_a_name"


def judged(
    samples: Sequence[Sample], *, sources: Sequence[Path], base: Path
) -> tuple[list[Sample], dict[str, int]]:
    """Return the samples that votes can label, with these, and how many are left out and why.

    Without any votes all samples are returned as they are.

    Args:
        samples: of a data set, one at least.
        sources: of ``read_votes``. None are needed for FER+ as published beside fer2013.csv, and
            for data that is a table of votes itself: see ``sources_of``.
        base: the folder of the data set.

    Raises:
        VotesError: of ``read_votes``; if no image has votes, or one has two rows of them; or if a
            table by rows is of another CSV file.
    """
    if not sources and not _has_fer_plus(samples, base):
        return list(samples), {}
    sources = sources or [base / FER_PLUS]
    table = read_votes(sources)
    copies = Counter(map(_name, samples))
    kept, left_out = [], Counter({NOT_A_FACE: 0, NO_VOTES: 0, OTHER_VOTES: 0, TWO_OF_A_NAME: 0})
    for each in samples:
        key = _key(each, table)
        if copies[str(key)] > 1:
            left_out[TWO_OF_A_NAME] += 1
            continue
        _refuse_doubled(key, table)
        sample = replace(each, votes=table.counts.get(key))
        reason = _reason(sample, table)
        if reason is None:
            kept.append(sample)
        else:
            left_out[reason] += 1
    if not kept:
        raise VotesError(
            f"{', '.join(map(str, sources))}: none of the {len(samples):,} images has votes that "
            f"can label it; the first image is {samples[0].path}, the first votes are for "
            f"{next(map(named, table.counts), 'none')}. Left out: {dict(left_out)}."
        )
    return kept, dict(left_out)


def sources_of(root: Path, named: Sequence[Path]) -> Sequence[Path]:
    """Return the tables that are named, or else the data's own table where it is one of votes."""
    own = table_of(root)
    return named or ([own] if own is not None and is_votes(own) else [])


def _has_fer_plus(samples: Sequence[Sample], base: Path) -> bool:
    """Whether FER+ as published lies beside a table that tells each row's part of FER2013."""
    told = all(sample.pixels is not None and sample.split is not None for sample in samples)
    return told and (base / FER_PLUS).is_file()


def _reason(sample: Sample, table: VoteTable) -> str | None:
    if not table.not_faces.isdisjoint({sample.path, _name(sample)}):
        return NOT_A_FACE
    if sample.votes is None:
        return NO_VOTES
    return None if usable(np.array([sample.votes]))[0] else OTHER_VOTES


def _key(sample: Sample, table: VoteTable) -> Key:
    """Return what the table calls an image: its row, its path, or else its name."""
    if sample.pixels is not None:
        return _row(sample, table)
    return sample.path if sample.path in table.counts else _name(sample)


def _refuse_doubled(key: Key, table: VoteTable) -> None:
    if key in table.doubled:
        raise VotesError(
            f"{table.doubled[key]}: {named(key)} has votes already in {table.places[key]}; keep "
            "one of the two rows."
        )


def _row(sample: Sample, table: VoteTable) -> Key:
    row = int(sample.path.rpartition("#")[2])
    usage = table.usages.get(row)
    if usage is not None and sample.split not in {None, USAGES.get(usage)}:
        raise VotesError(
            f"{table.places[row]}: {usage[:40]} is not what {sample.path} says "
            f"({sample.split}); the two files do not belong together."
        )
    return row


def _name(sample: Sample) -> str:
    return sample.path.rpartition("/")[2]

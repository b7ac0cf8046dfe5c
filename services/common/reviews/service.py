"""What reviewers do: say something of faces, take it back, undo what one request said.

Whoever calls holds the job's lock (`find_job`), which gives versions without gaps and keeps an
erasure out.
"""

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from services.common.domain.reviews import Answer, NewReview, Review, ReviewConflictError
from services.common.reviews.change_repository import Change, ChangeRepository
from services.common.reviews.repository import FaceKey, PhotoFaces, ReviewRepository, Word


def add_reviews(
    session: Session,
    job_id: int,
    reviews: Sequence[NewReview],
    faces: Mapping[uuid.UUID, PhotoFaces],
) -> tuple[list[Review | None], int]:
    """Write those that say something else than the reviewer's last word.

    Args:
        session: the unit of work.
        job_id: of the locked job.
        reviews: one of a reviewer on a face, all of faces that there are.
        faces: the photos by public id.

    Returns:
        For each review the last word that there is now (None where a vote was to be taken back
        that never was), and how many words were written.

    Raises:
        ReviewConflictError: some name another version than the last, and say something else.
    """
    repository = ReviewRepository(session)
    keys = [
        FaceKey(faces[review.item].item_id, review.face_index, review.reviewer)
        for review in reviews
    ]
    last = repository.last_words(keys)
    news = [
        (key, review)
        for key, review in zip(keys, reviews, strict=True)
        if _is_news(last.get(key), review)
    ]
    _check_versions(reviews, keys, last)
    seen = repository.seen([key for key, _ in news])
    names = dict.fromkeys(key.reviewer for key, _ in news)
    changes = {name: repository.open_change(job_id, name) for name in names}
    repository.write(
        [
            Word(
                key=key,
                version=_next_version(last.get(key)),
                answer=review.answer,
                note=review.note,
                blind=_blind(review, last.get(key), seen=key in seen),
                change_id=changes[key.reviewer],
            )
            for key, review in news
        ]
    )
    now = repository.last_words(keys)
    return [now.get(key) for key in keys], len(news)


def undo(session: Session, job_id: int, change: Change) -> tuple[list[Review], int]:
    """Write what a reviewer had said before a change; the job is locked.

    Returns:
        The last word now on each face of the change, and how many were taken back: not those of
        which the reviewer said something else since, and none of a change undone before.
    """
    reviews = ReviewRepository(session)
    said = ChangeRepository(session).said(change)
    keys = [word.key for word in said]
    last = reviews.last_words(keys)
    stands = [
        word
        for word in said
        if (last[word.key].answer, last[word.key].note) == (word.answer, word.note)
    ]
    if change.undone:
        return list(last.values()), 0
    # Also where nothing stands any more: else the next undo would come to this change again.
    own = reviews.open_change(job_id, change.reviewer, undoes=change.id)
    reviews.write(
        [
            Word(
                key=word.key,
                version=last[word.key].version + 1,
                answer=word.answer_before,
                note=word.note_before,
                blind=word.blind_before,
                change_id=own,
            )
            for word in stands
        ]
    )
    return list(reviews.last_words(keys).values()), len(stands)


def _is_news(last: Review | None, review: NewReview) -> bool:
    if last is None:
        return review.answer is not Answer.WITHDRAWN
    return not last.says(review)


def _check_versions(
    reviews: Sequence[NewReview], keys: Sequence[FaceKey], last: Mapping[FaceKey, Review]
) -> None:
    """A request repeated because its answer was lost finds its own words: that is no conflict."""
    places, current = [], []
    for place, (review, key) in enumerate(zip(reviews, keys, strict=True)):
        there = last.get(key)
        if there is not None and not (there.was_seen(review.version) or there.says(review)):
            places.append(place)
            current.append(there)
    if places:
        raise ReviewConflictError(places, current)


def _next_version(last: Review | None) -> int:
    return 1 if last is None else last.version + 1


def _blind(review: NewReview, last: Review | None, *, seen: bool) -> bool:
    """Whoever has once answered in sight of the model's answer has seen it; to withdraw is no look.

    Otherwise a vote could be made blind by giving it anew.
    """
    if review.answer is Answer.WITHDRAWN and last is not None:
        return last.blind
    return review.blind and not seen

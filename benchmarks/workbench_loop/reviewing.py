"""The reviewer: says of each face what the judges' majority said of its photo."""

from collections.abc import Iterable, Mapping

from hfer import Client, Job, Review

REVIEWER = "judges"


def review_drawn(client: Client, job: Job, truth: Mapping[str, str], *, count: int) -> int:
    """Draw faces at random and answer all of them blind, in their order; return how many."""
    drawn = client.reviews.draw(job.id, count, seed=1)
    return _say(job, zip(drawn.item_id, drawn.face_index, strict=True), truth, blind=True)


def review_uncertain(job: Job, truth: Mapping[str, str], *, count: int) -> int:
    """Answer the faces that the model is least sure of and nobody has answered."""
    order = job.order(of="faces", sort="uncertain", reviewed=False)
    photos = {photo.index: photo.item_id for photo in job.results()}
    faces = zip(order.index[:count], order.face_index, strict=False)
    return _say(job, ((photos[index], number) for index, number in faces), truth, blind=False)


def share_right(job: Job, truth: Mapping[str, str]) -> tuple[float, int]:
    """Return how often the first answer is the majority's, and of how many faces."""
    answers = list(_right(job, truth).values())
    return sum(answers) / len(answers), len(answers)


def beside_unreviewed(job: Job, again: Job, truth: Mapping[str, str]) -> dict[str, float]:
    """Return how often both jobs are right on faces that both found and nobody reviewed."""
    names = {photo.item_id: photo.filename for photo in job.results()}
    reviewed = {names[review.item_id] for review in job.reviews()}
    before, after = _right(job, truth), _right(again, truth)
    faces = [face for face in before.keys() & after.keys() if face[0] not in reviewed]
    gained = sum(after[face] and not before[face] for face in faces)
    lost = sum(before[face] and not after[face] for face in faces)
    return {
        "faces": len(faces),
        "before": round(sum(before[face] for face in faces) / len(faces), 3),
        "after": round(sum(after[face] for face in faces) / len(faces), 3),
        "gained": gained,
        "lost": lost,
    }


def _right(job: Job, truth: Mapping[str, str]) -> dict[tuple[str, int], bool]:
    return {
        (photo.filename, face.face_index): (
            max(face.emotions, key=face.emotions.__getitem__) == truth[photo.filename]
        )
        for photo in job.results()
        for face in photo.faces
    }


def _say(
    job: Job, faces: Iterable[tuple[str, int]], truth: Mapping[str, str], *, blind: bool
) -> int:
    names = {photo.item_id: photo.filename for photo in job.results()}
    reviews = [
        Review(item, number, REVIEWER, truth[names[item]], blind=blind) for item, number in faces
    ]
    return job.add_reviews(reviews).added

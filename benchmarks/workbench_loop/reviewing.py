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
    answers = [
        max(face.emotions, key=face.emotions.__getitem__) == truth[photo.filename]
        for photo in job.results()
        for face in photo.faces
    ]
    return sum(answers) / len(answers), len(answers)


def _say(
    job: Job, faces: Iterable[tuple[str, int]], truth: Mapping[str, str], *, blind: bool
) -> int:
    names = {photo.item_id: photo.filename for photo in job.results()}
    reviews = [
        Review(item, number, REVIEWER, truth[names[item]], blind=blind) for item, number in faces
    ]
    return job.add_reviews(reviews).added

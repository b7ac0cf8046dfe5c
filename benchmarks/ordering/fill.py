"""A finished job of many photos, written by SQL as workers leave it: the triggers see each row."""

from sqlalchemy import Connection, text

_JOB = text("""
    INSERT INTO job (public_id, tenant, status, total, options, labels, sealed_at, started_at,
                     finished_at, expires_at)
    VALUES (gen_random_uuid(), :tenant, 'succeeded', :photos, '{"top_n": 3}', '{}', now(), now(),
            now(), now() + interval '1 day')
    RETURNING id
""")
_ITEMS = text("""
    INSERT INTO item (public_id, job_id, seq, queue, filename, object_key, sha256, byte_count,
                      state, verdict, attempts, iso_crashes, solo)
    SELECT gen_random_uuid(), :job, seq, 'batch',
           'album ' || seq % 40 || '/day ' || seq % 300 || '/IMG_' || (seq * 7919) % :photos
               || '.jpg',
           'photos/0123456789abcdef/' || seq, sha256(convert_to(:job || '/' || seq, 'UTF8')),
           2500000, 2, 0, 1, 0, false
    FROM generate_series(0, :photos - 1) AS seq
""")
# Three faces in two photos. The first answer has 0.3 to 1 of the probability, neutral is common.
_OUTCOMES = text("""
    INSERT INTO outcome (item_id, ok, payload, model_version, milliseconds)
    SELECT item.id, true, jsonb_build_object(
               'width', 3000 + seq % 7 * 100, 'height', 2000 + seq % 5 * 500,
               'exif_orientation', 1, 'faces_truncated', false, 'precision', 'fp32',
               'detector', 'retinaface', 'warnings', '[]'::jsonb,
               'captured_at', to_char(timestamp '2026-01-01' + seq * interval '97 seconds',
                                      'YYYY-MM-DD"T"HH24:MI:SS'),
               'faces', faces.list),
           'benchmark', 20
    FROM item, LATERAL (
        SELECT jsonb_agg(jsonb_build_object(
            'face_index', number,
            'box', jsonb_build_array(100 + random() * 900, 80.4375, 20 + random() * 300,
                                     30 + random() * 300),
            'landmarks', '[[1.5,2.5],[3.5,2.5],[2.5,3.5],[1.5,4.5],[3.5,4.5]]'::jsonb,
            'confidence', 0.998765432, 'margin', random(), 'uncertain', top < 0.4,
            'blur', 123.4, 'roll', 1.5, 'probabilities', (
                SELECT jsonb_agg(CASE WHEN place = first THEN top ELSE (1 - top) / 6 END)
                FROM generate_series(0, 6) AS place)
        )) AS list
        FROM (
            SELECT number, 0.3 + 0.7 * random() AS top,
                   (ARRAY[6, 6, 6, 3, 3, 5, 0, 4, 2, 1])[1 + floor(random() * 10)] AS first
            FROM generate_series(0, item.seq % 2) AS number
        ) AS face
    ) AS faces
    WHERE item.job_id = :job AND item.seq BETWEEN :first AND :last
""")
# Every tenth face has a vote of two people.
_REVIEWS = text("""
    INSERT INTO face_review (item_id, face_index, reviewer, version, answer, blind)
    SELECT item_id, face_index, reviewer, 1,
           (ARRAY['neutral', 'anger', 'not_a_face'])[1 + seq / 10 % 3], false
    FROM face, unnest(ARRAY['ada', 'bob']) AS reviewer
    WHERE job_id = :job AND seq % 10 = 0
""")
_PIECE = 5_000


def fill(connection: Connection, *, photos: int, tenant: str = "default") -> int:
    """Write a job of photos with one and a half faces each, a tenth reviewed; return its number."""
    job: int = connection.execute(_JOB, {"photos": photos, "tenant": tenant}).scalar_one()
    connection.execute(_ITEMS, {"job": job, "photos": photos})
    for first in range(0, photos, _PIECE):
        connection.execute(_OUTCOMES, {"job": job, "first": first, "last": first + _PIECE - 1})
    connection.execute(_REVIEWS, {"job": job})
    return job

"""The SQL of `LeaseRepository`: every change of a leased item names the token of its lease."""

from sqlalchemy import text

from services.common.domain.jobs import ItemState
from services.common.domain.tenants import DEFAULT_WEIGHT
from services.common.jobs.repositories.tallies import tallying

# What a claim took moves the tenant's tags on (`turns`), and what is given back moves them back: to
# no less than its last turn began with, which is enough where two claims overlap. Items are locked
# before the tags, by all who lock both.
_WEIGHT = f"""
    coalesce((SELECT weight FROM tenant_policy WHERE tenant = job.tenant), {DEFAULT_WEIGHT})
"""
_CHARGE = f"""
    INSERT INTO tenant_turn AS turn (lane, tenant, start_tag, finish_tag)
    SELECT job.lane, job.tenant, :tag, :tag + count(*)::float8 / {_WEIGHT}
    FROM claimed JOIN job ON job.id = claimed.job_id
    GROUP BY job.id
    ON CONFLICT (lane, tenant) DO UPDATE
    SET start_tag = greatest(turn.finish_tag, excluded.start_tag),
        finish_tag = greatest(turn.finish_tag, excluded.start_tag)
            + excluded.finish_tag - excluded.start_tag
"""
_REFUND = f"""
    UPDATE tenant_turn AS turn
    SET finish_tag = greatest(turn.start_tag, turn.finish_tag - back.photos)
    FROM (
        SELECT job.lane, job.tenant, count(*)::float8 / {_WEIGHT} AS photos
        FROM given JOIN job ON job.id = given.job_id
        GROUP BY job.id
    ) AS back
    WHERE turn.lane = back.lane AND turn.tenant = back.tenant
"""

# A suspect is taken when it comes first, and alone; it is left out when it comes later.
CLAIM = text(f"""
    WITH candidate AS (
        SELECT id, next_at, solo, byte_count FROM item
        WHERE job_id = :job AND state = {ItemState.READY} AND next_at <= now()
          AND (:suspects OR NOT solo)
        ORDER BY next_at, id LIMIT :limit
        FOR UPDATE SKIP LOCKED
    ), ranked AS (
        SELECT id, solo,
               row_number() OVER in_order AS place,
               first_value(solo) OVER in_order AS alone,
               sum(byte_count) OVER in_order AS bytes
        FROM candidate WINDOW in_order AS (ORDER BY next_at, id)
    ), claimed AS (
        UPDATE item
        SET state = {ItemState.LEASED}, attempts = attempts + 1,
            lease_token = :token, lease_task = :task,
            lease_until = now() + make_interval(secs => :lease_s)
        FROM ranked
        WHERE item.id = ranked.id
          AND (ranked.place = 1 OR NOT (ranked.alone OR ranked.solo OR ranked.bytes > :max_bytes))
        RETURNING item.id, item.public_id, item.object_key, item.sha256, item.byte_count,
                  item.attempts, item.solo, item.job_id
    ), charged AS ({_CHARGE})
    SELECT id, public_id, object_key, sha256, byte_count, attempts, solo FROM claimed
""")

RENEW = text(f"""
    UPDATE item SET lease_until = now() + make_interval(secs => :lease_s)
    WHERE id = ANY(:ids) AND lease_token = :token AND state = {ItemState.LEASED}
    RETURNING id
""")

# The outcome's primary key allows no second one; the token keeps whoever lost the lease from
# trying. What was in work when its job was cancelled becomes cancelled, without an outcome.
FINISH = text(f"""
    WITH news AS (
        SELECT * FROM unnest(
            CAST(:ids AS bigint[]), CAST(:verdicts AS smallint[]), CAST(:payloads AS text[]),
            CAST(:codes AS text[]), CAST(:details AS text[]), CAST(:milliseconds AS float8[]),
            CAST(:faces AS int[]), CAST(:core_ms AS float8[])
        ) AS news(id, verdict, payload, code, detail, milliseconds, faces, core_ms)
    ), closed AS (
        UPDATE item
        SET state = CASE WHEN job.status = 'cancelling' THEN {ItemState.CANCELLED}
                         ELSE {ItemState.FINISHED} END,
            verdict = CASE WHEN job.status = 'cancelling' THEN NULL ELSE news.verdict END,
            last_error = coalesce(news.code, item.last_error),
            lease_token = NULL, lease_task = NULL, lease_until = NULL
        FROM news, job
        WHERE item.id = news.id AND item.lease_token = :token AND item.state = {ItemState.LEASED}
          AND job.id = item.job_id
        RETURNING item.id, item.job_id, item.state, item.verdict, news.faces, news.core_ms
    ), tallied AS ({tallying("closed", measured=True)})
    INSERT INTO outcome
        (item_id, ok, payload, error_code, error_detail, model_version, milliseconds)
    SELECT news.id, news.code IS NULL, CAST(news.payload AS jsonb), news.code, news.detail,
           :model_version, news.milliseconds
    FROM news JOIN closed USING (id)
    WHERE closed.state = {ItemState.FINISHED}
    RETURNING item_id
""")

RELEASE = text(f"""
    WITH given AS (
        UPDATE item
        SET state = {ItemState.READY}, attempts = attempts - 1,
            next_at = now() + make_interval(secs => :delay_s),
            lease_token = NULL, lease_task = NULL, lease_until = NULL
        WHERE id = ANY(:ids) AND lease_token = :token AND state = {ItemState.LEASED}
        RETURNING job_id
    ), refunded AS ({_REFUND})
    SELECT count(*) FROM given
""")

RETRY = text(f"""
    UPDATE item
    SET state = {ItemState.READY}, next_at = now() + make_interval(secs => later.delay_s),
        last_error = later.reason,
        lease_token = NULL, lease_task = NULL, lease_until = NULL
    FROM unnest(CAST(:ids AS bigint[]), CAST(:delays AS float8[]), CAST(:reasons AS text[]))
        AS later(id, delay_s, reason)
    WHERE item.id = later.id AND item.lease_token = :token AND item.state = {ItemState.LEASED}
""")

FORGET = text(f"""
    WITH given AS (
        UPDATE item
        SET state = {ItemState.READY}, attempts = attempts - 1,
            lease_token = NULL, lease_task = NULL, lease_until = NULL
        WHERE lease_token = :token AND state = {ItemState.LEASED}
        RETURNING job_id
    ), refunded AS ({_REFUND})
    SELECT count(*) FROM given
""")

EXPIRE_TASK = text(f"""
    UPDATE item SET lease_until = now(), last_error = :reason
    WHERE lease_task = :task AND state = {ItemState.LEASED}
""")

STATUS = text("SELECT status FROM job WHERE id = :job")

"""Trial loads: an activation asks one live worker to load the model first.

The request is a row, as all work is (ADR 0002): a worker's thread that follows the registry takes
it, whether photos wait or not, and writes what came of it.
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

# Left behind by a process that ended while it waited.
FORGOTTEN_S = 3600.0

_FORGET = text(
    "DELETE FROM trial_load WHERE requested_at < now() - make_interval(secs => :forgotten_s)"
)
_REQUEST = text("INSERT INTO trial_load (model_id) VALUES (:model_id) RETURNING id")
_STATE = text("""
    SELECT claimed_by, finished_at IS NOT NULL AS finished, error_code, error_detail
    FROM trial_load WHERE id = :id
""")
_WITHDRAW = text("DELETE FROM trial_load WHERE id = :id")
_CLAIM = text("""
    UPDATE trial_load SET claimed_by = :host FROM model
    WHERE model.id = trial_load.model_id AND trial_load.id = (
        SELECT id FROM trial_load WHERE claimed_by IS NULL
        ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1)
    RETURNING trial_load.id, model.sha256
""")
_FINISH = text("""
    UPDATE trial_load
    SET finished_at = now(), error_code = :error_code, error_detail = :error_detail
    WHERE id = :id
""")


@dataclass(frozen=True, slots=True)
class AskedLoad:
    """What a worker is asked to load: the bundle by its SHA-256."""

    id: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class LoadState:
    """How far a trial load is; the error is that of a load that failed."""

    claimed_by: str | None
    finished: bool
    error_code: str | None = None
    error_detail: str | None = None


class TrialLoadRepository:
    """Reads and writes trial loads in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def request(self, model_id: int) -> int:
        """Ask for one; return its id, by which it is watched and withdrawn."""
        self._session.execute(_FORGET, {"forgotten_s": FORGOTTEN_S})
        return int(self._session.execute(_REQUEST, {"model_id": model_id}).scalar_one())

    def state(self, load_id: int) -> LoadState | None:
        """Return how far it is; None when it is gone."""
        row = self._session.execute(_STATE, {"id": load_id}).one_or_none()
        return None if row is None else LoadState(*row)

    def withdraw(self, load_id: int) -> None:
        """Ask no more; a worker that is at it writes to nowhere."""
        self._session.execute(_WITHDRAW, {"id": load_id})

    def claim(self, *, host: str) -> AskedLoad | None:
        """Take the oldest that nobody has taken, for a worker on ``host``."""
        row = self._session.execute(_CLAIM, {"host": host}).one_or_none()
        return None if row is None else AskedLoad(row[0], bytes(row[1]))

    def finish(
        self, load_id: int, *, error_code: str | None = None, error_detail: str | None = None
    ) -> None:
        """Write what came of it: loaded, or the code and reason why not."""
        values = {"id": load_id, "error_code": error_code, "error_detail": error_detail}
        self._session.execute(_FINISH, values)

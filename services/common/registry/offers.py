"""Which shipped bundle an installation is offered.

A bundle that workers are installed with becomes active by itself only where nothing is. Elsewhere
an upgrade leaves the answers as they are, and whoever runs the service is told of the newer one.
"""

from collections.abc import Collection, Sequence

from services.common.db.tables import Model


def offered(models: Sequence[Model], *, shipped: Collection[bytes]) -> Model | None:
    """Return the newest shipped model that never answered and is newer than the active one.

    Args:
        models: all rows.
        shipped: SHA-256 of the bundles that live workers were installed with.
    """
    active = next((model for model in models if model.active), None)
    if active is None:
        return None
    fitting = [
        model
        for model in models
        if model.sha256 in shipped and model.activated_at is None and _is_newer(model, active)
    ]
    return max(fitting, key=lambda model: model.created_at, default=None)


def _is_newer(model: Model, active: Model) -> bool:
    """By version where both have one name, else by when they came: versions of two say nothing."""
    if model.name == active.name:
        return _numbers(model.version) > _numbers(active.version)
    return model.created_at > active.created_at


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())

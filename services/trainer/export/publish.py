"""A bundle into the running service: files to the bucket, a row into the registry."""

from pathlib import Path

from services.common.config import Settings
from services.common.db.session import build_engine, build_session_factory, unit_of_work
from services.common.registry.activation import activate
from services.common.registry.bundles import read_identity
from services.common.registry.publishing import publish_bundle
from services.common.registry.repository import ModelRepository
from services.common.storage import build_storage
from services.vision.bundle import check_golden, load_bundle
from services.vision.classifiers.onnxruntime import OnnxRuntimeClassifier


def publish(
    directory: Path, settings: Settings, *, activate_it: bool = False, force: bool = False
) -> str:
    """Verify a bundle as a worker would, publish it, and activate it if asked to.

    Args:
        directory: the bundle.
        settings: database and bucket of the service.
        activate_it: let workers answer with it from their next chunk on.
        force: activate it also when its macro F1 is clearly below the active model's, or of
            another test.

    Returns:
        The name that results will carry, such as ``mine-0.1.0+1a2b3c4d``.

    Raises:
        BundleError: it is damaged or does not give its golden answers.
        ModelVersionTakenError: another bundle has this name and version.
        ModelWorseError: it was published, and not activated.
        ModelNotComparableError: the same.
    """
    bundle = load_bundle(directory)
    check_golden(bundle, OnnxRuntimeClassifier(bundle))
    engine = build_engine(settings.database)
    try:
        sessions = build_session_factory(engine)
        public_id = publish_bundle(sessions, build_storage(settings.storage), directory)
        if activate_it:
            with unit_of_work(sessions) as session:
                model = ModelRepository(session).get(public_id)
                assert model is not None  # noqa: S101 - published a line above
                drop = settings.models.max_f1_drop
                activate(session, model, max_f1_drop=drop, force=force, actor="trainer")
    finally:
        engine.dispose()
    return read_identity(directory).model_version

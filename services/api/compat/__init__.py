"""The interface of hfer, the service that this one follows, for its clients unchanged."""

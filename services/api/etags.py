"""Entity tags of requests."""


def matches(if_none_match: str | None, etag: str) -> bool:
    """Whether the client has this version already (weak comparison, RFC 9110, 8.8.3.2)."""
    tags = [tag.strip() for tag in (if_none_match or "").split(",")]
    return "*" in tags or etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in tags}

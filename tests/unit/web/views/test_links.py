"""Pasted links told apart, and refused ones in words."""

from services.web.gateway import ApiRefusalError
from services.web.views.links import link_faults, parse_links

LINKS = [f"https://h.example/{number}.jpg" for number in range(8)]


def refusal(*faults: tuple[str, str]) -> ApiRefusalError:
    return ApiRefusalError(422, "unsafe-url", "no", faults=faults)


def test_links_come_once_whatever_stands_between() -> None:
    assert parse_links(" a\r\nb\tc\n\na ") == ["a", "b", "c"]
    assert parse_links("\n ") == []


def test_faults_name_the_link_and_no_pointer() -> None:
    found = link_faults(refusal(("#/inputs/2/url", "Private."), ("#/inputs", "x")), LINKS)
    assert found == [f"{LINKS[2]}: Private."]


def test_many_faults_and_long_links_are_shortened() -> None:
    many = refusal(*((f"#/inputs/{place}/url", "No.") for place in range(8)))
    assert link_faults(many, LINKS)[-1] == "and 3 more"
    (told,) = link_faults(refusal(("#/inputs/0/url", "No.")), ["h" * 300])
    assert told == f"{'h' * 79}…: No."


def test_what_is_about_no_link_is_not_theirs() -> None:
    assert link_faults(refusal(("#/inputs/99/url", "x"), ("#/config", "y")), LINKS) == []

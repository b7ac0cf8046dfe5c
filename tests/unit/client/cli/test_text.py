import pytest

from hfer.cli.text import safe, safe_lines


class TestSafe:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("Zoë [bold] 写真.jpg", "Zoë [bold] 写真.jpg"),
            ("\x1b[2Jgone", "\\x1b[2Jgone"),
            ("a\nb\tc", "a\\nb\\tc"),
            ("\u202egpj.exe", "\\u202egpj.exe"),
            ("\udce9", "\\udce9"),
            ("\x9b31m", "\\x9b31m"),
        ],
    )
    def test_shows_what_does_not_print(self, text: str, shown: str) -> None:
        assert safe(text) == shown


class TestSafeLines:
    def test_keeps_line_ends_and_letters_cut_between_blocks(self) -> None:
        data = "é\r\n\x1b[31m".encode()
        assert b"".join(safe_lines([data[:1], data[1:]])).decode() == "é\r\n\\x1b[31m"

    def test_replaces_a_letter_cut_at_the_end(self) -> None:
        assert b"".join(safe_lines([b"\xc3"])).decode() == "\ufffd"

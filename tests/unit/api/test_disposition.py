"""Names of files in forms, as the programs of this world write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.disposition import read_disposition

CHEESE = 'say "cheese".jpg'


def filename(parameters: str) -> str | None:
    return read_disposition(f'form-data; name="files"; {parameters}'.encode())[2]


class TestReadDisposition:
    @pytest.mark.parametrize(
        ("sent", "name"),
        [
            ('filename="say %22cheese%22.jpg"', CHEESE),
            (r'filename="say \"cheese\".jpg"', CHEESE),
            ("filename*=UTF-8''say%20%22cheese%22.jpg", CHEESE),
            ("filename=\"x.jpg\"; filename*=utf-8'en'say%20%22cheese%22.jpg", CHEESE),
            ("filename*=utf-8''a%2522.jpg; filename=x.jpg", "a%22.jpg"),
            ("filename*=iso-8859-1''na%EFve.jpg", "naïve.jpg"),
            ('filename="=?utf-8?B?c2F5ICJjaGVlc2UiLmpwZw==?="', CHEESE),
            ('filename="=?ISO-8859-1?Q?na=EFve?= =?utf-8?q?=2Ejpg?="', "naïve.jpg"),
            ('filename="a%0D%0Ab.jpg"', "a\r\nb.jpg"),
            ('filename="100%25.jpg"', "100%25.jpg"),
            (r'filename="album\a.jpg"', r"album\a.jpg"),
            (r'filename="a\\b.jpg"', r"a\b.jpg"),
            ('filename="a;b=c.jpg"', "a;b=c.jpg"),
            ("filename=plain.jpg", "plain.jpg"),
            ("FileName = plain.jpg ", "plain.jpg"),
            ('filename=""', ""),
            # What is wrong in itself stays what it says, or gives way to what is right.
            ("filename=x.jpg; filename*=klingon''y.jpg", "x.jpg"),
            ("filename=x.jpg; filename*=UTF-8''%FF", "x.jpg"),
            ("filename=x.jpg; filename*=y.jpg", "x.jpg"),
            ('filename="=?klingon?B?YQ==?="', "=?klingon?B?YQ==?="),
            ('filename="=?utf-8?B?/?="', "=?utf-8?B?/?="),
            ('filename="no end', "no end"),
        ],
    )
    def test_finds_the_name_that_was_meant(self, sent: str, name: str) -> None:
        assert filename(sent) == name

    @pytest.mark.parametrize(
        ("header", "read"),
        [
            (b"", ("", None, None)),
            (b'form-data; name="config"', ("form-data", "config", None)),
            (b"Form-Data; NAME=files", ("form-data", "files", None)),
            (b"attachment; filename=a", ("attachment", None, "a")),
        ],
    )
    def test_says_what_is_not_there(
        self, header: bytes, read: tuple[str, str | None, str | None]
    ) -> None:
        assert read_disposition(header) == read

    @given(st.binary(max_size=200))
    def test_takes_any_bytes(self, tail: bytes) -> None:
        kind, _, _ = read_disposition(b"form-data; name=files; filename*=" + tail)
        assert kind == "form-data"

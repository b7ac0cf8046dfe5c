"""Receipts are verified from two files, and what was changed is found."""

import base64
import json
from typing import Any

import pytest

from hfer.errors import ReceiptError
from hfer.receipts import verify_receipt
from tests.fixtures.receipts import FACTS, jwk_set, receipt_json, sign

KEYS = json.dumps(jwk_set()).encode()


def file_of(**changes: Any) -> bytes:
    return json.dumps(receipt_json() | changes).encode()


class TestVerify:
    def test_tells_what_is_signed_and_by_whom(self) -> None:
        verified = verify_receipt(file_of(), KEYS)
        assert verified.facts == FACTS
        assert verified.kid == jwk_set()["keys"][0]["kid"]

    def test_takes_the_signature_alone(self) -> None:
        assert verify_receipt(sign(FACTS).encode() + b"\n", KEYS).facts == FACTS

    @pytest.mark.parametrize(
        ("name", "value"),
        [("photos", 13), ("id", "job_2"), ("erased_at", "2026-11-22T07:00:00Z"), ("reason", "x")],
    )
    def test_what_the_file_says_beside_it_must_be_what_is_signed(
        self, name: str, value: object
    ) -> None:
        with pytest.raises(ReceiptError, match=name):
            verify_receipt(file_of(**{name: value}), KEYS)

    @pytest.mark.parametrize("name", ["id", "job", "items"])
    def test_photos_are_compared_with_what_is_signed_of_them(self, name: str) -> None:
        facts = FACTS | {"id": "ers_1", "items": ["itm_1"]}
        told = {"id": "ers_1", "job": "job_1", "items": ["itm_1"], "signature": sign(facts)}
        assert verify_receipt(file_of(**told), KEYS).facts == facts
        with pytest.raises(ReceiptError, match=name):
            verify_receipt(file_of(**told | {name: "other"}), KEYS)

    def test_a_changed_payload_is_found(self) -> None:
        head, _, signed = sign(FACTS).split(".")
        other = base64.urlsafe_b64encode(json.dumps(FACTS | {"photos": 0}).encode())
        forged = f"{head}.{other.rstrip(b'=').decode()}.{signed}"
        with pytest.raises(ReceiptError, match="does not fit"):
            verify_receipt(forged.encode(), KEYS)

    def test_another_key_under_the_same_name_is_found(self) -> None:
        keys = jwk_set()
        keys["keys"][0]["x"] = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
        with pytest.raises(ReceiptError, match="does not fit"):
            verify_receipt(file_of(), json.dumps(keys).encode())

    @pytest.mark.parametrize(
        ("receipt", "keys", "why"),
        [
            (file_of(signature=None, status="pending"), KEYS, "pending"),
            (file_of(), b'{"keys": []}', "not among yours"),
            (file_of(), b"[]", "no JWK set"),
            (b"\xff", KEYS, "no receipt"),
            (b"a.b", KEYS, "damaged"),
            (sign(FACTS | {"type": "other"}).encode(), KEYS, "no receipt of an erasure"),
        ],
    )
    def test_says_what_is_wrong(self, receipt: bytes, keys: bytes, why: str) -> None:
        with pytest.raises(ReceiptError, match=why):
            verify_receipt(receipt, keys)

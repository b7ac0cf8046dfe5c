import base64

import pytest
from pydantic import SecretStr

from services.maintenance.signing import ReceiptSigner, thumbprint

# RFC 8037, appendix A: the key, its thumbprint and a signed text.
SEED = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
KID = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_is_the_key_of_the_rfc() -> None:
    signer = ReceiptSigner(SecretStr(SEED))
    assert base64.urlsafe_b64encode(signer.public_key).rstrip(b"=").decode() == X
    assert signer.kid == thumbprint(signer.public_key) == KID


def test_signs_as_the_rfc_does() -> None:
    signer = ReceiptSigner(SecretStr(SEED))
    head, payload, signature = signer.sign("Example of Ed25519 signing").split(".")
    assert base64.urlsafe_b64decode(payload + "==") == b"Example of Ed25519 signing"
    assert KID.encode() in base64.urlsafe_b64decode(head + "==")
    assert len(base64.urlsafe_b64decode(signature + "==")) == 64


@pytest.mark.parametrize("key", ["short", "a" * 43, "é" * 44, base64.b64encode(b"x" * 31).decode()])
def test_another_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ValueError, match="HFER_RECEIPTS__SIGNING_KEY") as raised:
        ReceiptSigner(SecretStr(key))
    assert key not in str(raised.value)

"""What the QR code of a receipt carries: which order, until when, and that we wrote it."""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID

from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.secrets import Keyring

PURPOSE = "floor.receipt"
DAYS = 30  # an invoice is asked for and a meal is rated within so long
MAC_BYTES = 12
_SIZE = 16 + 3 + MAC_BYTES
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


class ReceiptUnknown(Refusal):
    """Raised for the code of a receipt that we did not write, or that has run out."""

    code = "floor.receipt_unknown"
    status = 404


def receipt_token(order_id: str, *, paid_at: datetime, keyring: Keyring) -> str:
    """Return the code of an order's receipt: 42 characters, always the same, good for `DAYS` days after it was paid."""
    days = (paid_at - _EPOCH).days + DAYS
    content = UUID(order_id).bytes + days.to_bytes(3)
    return base64.urlsafe_b64encode(content + _mac(content, keyring)).decode().rstrip("=")


def order_of_token(token: str, *, keyring: Keyring, at: datetime) -> str:
    """Return the order of a receipt's code; refuses `ReceiptUnknown`."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ReceiptUnknown from error
    content, mac = raw[:19], raw[19:]
    if len(raw) != _SIZE or not hmac.compare_digest(mac, _mac(content, keyring)):
        raise ReceiptUnknown
    if at > _EPOCH + timedelta(days=int.from_bytes(content[16:]) + 1):
        raise ReceiptUnknown
    return str(UUID(bytes=content[:16]))


def _mac(content: bytes, keyring: Keyring) -> bytes:
    return hmac.digest(keyring.key(PURPOSE), content, "sha256")[:MAC_BYTES]

"""Keys of the sandboxes: public knowledge, made for tests and demonstrations, good for nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, CertificateBuilder, Name, NameAttribute
from cryptography.x509.oid import NameOID

from goodtaste.kernel.rsa import private_key
from goodtaste.payment.gateways import alipay_wire, unionpay_wire
from goodtaste.payment.gateways.wechat_wire import Keys

MERCHANT = """-----BEGIN TESTING KEY-----
MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCrkID9qGCcG34q
I5BwkpY1N4nf67Bt4lxaOiPJ+aFhhqafJbVdDuKLTruEQtRIRxwsMUOQLBIaIeq8
smMnNIS/4YI9AA2Gfpjwem5nIQRuEOrggD+Zw7KeOf8gPYJutnepEo7fK0iiIb81
1puUZMh1oF22kOoqFpWklAb7rF0rtm6srPUzatwX8cjaF3Po42B268/5AHjrs0a1
wse5UkaIbxXCHXWUxgEWKMyjMyYx4jMtRq3gkJtvLv388NZfnjaC4GBxctzcOMhm
wYjmgF/FJpLtEjM3FZrcvzs3bIw0xqBY4eULD7+c7fKDI14/+7XvjLG50MfTvCqN
vmKkV+PPAgMBAAECggEADIfZZALQS5aWeG1wjJ2oQEAg3yylDjbiQpTMgwwAhXxY
NHeEmkS5Ydi2SXVixoSrF283CBNanx4AZG0tthytNXaQafQps2ZmX+oRS5GrHn7j
KNKKfVNAezNb4aGcd972jnAUj1LnUzAzzwgwWij3mzUYoyT3ysCA3YG89iojWUsy
6SBU5trLS+nn02u8pkD1XIYQ/HqEY5o5et2ObvQGKQ9xpsY8Ihekib5ZLrd+JZh0
lpqghwe/erTN5huT1uImZRSfEHtzUbosfU6DywLDFZBLMNRiKA0TawtuNKMyYA16
NCYJ3op3Zj3EhNobwJHfSzuWB8gnHtA9kCGBqQfhgQKBgQDwQRizx1uFHT/aHgn0
2zODVXorxjsZAUj/we2bgX00eMKygPclO+io045dbcckMp/AvFbnQBe2ozt1uUi4
J9+YC3FRaEk4w8FgSkk263OrSjKoAU1tUB9Otxe8V3BOtQZNjeMlTo0GG/2zDxfi
Fx0kYtzkQG22z9u/tEw1B9C1VwKBgQC2zvQO1gqpMlK/q78NbDpwKYhO60ZBWnHZ
bz/IJOAQXPVDZzwfIFQTlip3ESklGCZghYQAufx3tHm0LXjOpc+X8n6q7hLC6NLH
H3JqAGdem0oE0UOvs6kZFVCS+wH/bcoLHI9T0IfTkKKokMjZkvZAIG2PZc2Eu+N2
qreJm3KCSQKBgBnTlZk11APCOivzULSun6H9nU15WL7+YV+E9ErkJ5ZtaNiRfn/V
KdSEMWiftWmRu5SXamwfeq0abPjhuwx41NNeX4cVw9FDUdVNBwPNWbjPGBTxVuZq
V4M5sWaAq8T6Nrw9hW5sPEKs3Z/S/olCXNKdggtTVbfyLjg0ZIDK30evAoGAAcVx
ke86/TaynI7SdBPXYRzV6EXZUWrJ7ZxpVswcq6vq6HNIntiWV/Y9hRfSeTyJqqfA
hq1Gp/ZEs505LW9n2oYL+iYCYocU+77vQd2tIrqIdhF9AWfRPJ/7PuFVvJ7YtVDa
hqpflooxOUbl203UOvzVcu0+l4mmg5DV5GxwKJkCgYBASfq4FzRhAclL8SEfPoHQ
xMl2p/v9rMc9f3sIY3ez++1x46ttKyN3my74DsxTMQMxFEprKhIvgfgTo/e9jLEe
ckW8Z8IphZ+IsZlVFPQzf4DzU5pQ1QFNhtUVN+ffMTyMLfipC+Us2Z/Wk2zxEJ6e
5Grc5BmonKYcmR6PfmqQSw==
-----END TESTING KEY-----
"""
PLATFORM = """-----BEGIN TESTING KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDDjDQNT5a0gZEu
xVqO3r5DuPoybEIZQ3WJFut4HDAg1uz+EZuCDHpbhEHiY0Id3XmgAZDVe4cwHBWq
BQr0wM7nkIX/AhkBS8F4myFr+tN/PwFQ/rQ+6Ob4kR5oMjhHSbx4gVosTnQcokzr
PBtzzMPJw+X5gkaJibOx2xbt1TmO3tGFKNhBqxkO7Jp7WlnmzMbDPRSsXZHOlPzk
CDgeobFeeUEKj8tO3+8wcA1ptt/LfBUKR+0TdXlFUx3vqzpTgswTk/gOZIcXF266
DGrVTAUEpjSAjgZr19s4aMzszkiVMYv8LIPHf93kW2BfjtnhpwgBXslgAup0AauW
Ka4VyEP5AgMBAAECggEAQHKzbxWljk1Lq7YIoCDCZXCQKVErwcbNdIa0yYvEwvYC
+sOT1JtHMmVXD4V2M4CchsMtWGbTieQfsb7iuwLWzlQADalD030DwTujmsJ6tSvv
Q6IGhttc0FyHwICYssoXD0JWlVawBwXowvi29YXtm1BwubiZhdf3/Oy/1Ffblf2+
JXN4HNmugZrnFJdujnUwu8lNlUznZo3YDlJ9WX928dsihnE1+xZPWHFd2CDEVdIy
6sW4Y4s64fYk5HTN88vGUJ5uUTP0swQW7881/Gq+L3t5KREjyNW8lNKJFB8lDkqI
8hI04kg66Hzqi7LHFZIfLaCT3HHgAI8DmBm2K0AABwKBgQD+1sK0qyroHoAe2bEp
QG1x8FcYSw7id2He8JlhxjwiezYT0n+8Td8xlJgQNSSlYEnqL4YM8wgQbFQzvOz6
qRK3tJ0Ald9oIun21AbWd2n0cCckgp4uDtea7sDpGe3+Aanb2GdM+4PbSNt9Fut6
7thhg+gyG9uSsSVTdWgbkB1OZwKBgQDEcEla+ZrQD/mmwu3+7PRtx1wipLp0NHbQ
pj1RK0WeCvXNKx+S7q0SRXyR+q8hSor/CyFRmgpnWJhuZUjCeHdwPPC1ovWQLXGT
wJE8T1HshfIrKxuTShWxTxOoFMuGN4nmznBuLpMxkybduUblsnQjfdPfiMfWyYDu
042+6KeenwKBgCUejxnV3NgWqT7VIrMJiWeRRH5rYG2oSf85OH4/a77yB3x3qtd4
2EvWgxfJRd842UtdRL9aHxCVVuZ6XGJegjVz/3J4YiQ/AalMVPqkRjCurWTqCbRX
wRv2Lu9FMZ9QCrfVG6bg8+HbCO19iytK4wXBOu8hk6gYWYGAlnt9UGd9AoGAD59O
dim7oihjFlwSSV/W4JQmQ6sOGQfDGzzdS4NBehwtCDARxsGsifN0wLdLDj67ZyUf
dTnm8ekd1km/y5eBCDAQhKF9HgY/Lhz2b/Fu9nyAkeZPvxr5NqyvR4K/3OC12uE4
F8skcaDeSmvds47JpbjwDKr4GaDU3Cl+8FvYWMkCgYEAu00j7fQFKXHDy2z4Lh61
FireW3/fLsW2i+83VoM2gwaztkTsdabSDJxIVtJjUAJPSBizWqwiEKWOWolcvr7N
ZiN0IWNeODNd3TaLHLqYcGviWttw4HGjTrPJ2OhnnORZjEDfzo9rgoClAHjfmVF+
9Urjj2pOVeIrv5DUShVRGi4=
-----END TESTING KEY-----
"""
API_KEY = b"testing-api-key-of-32-characters"
MERCHANT_SERIAL, PLATFORM_ID = "TESTING_MERCHANT", "PUB_KEY_ID_TESTING"


@cache
def _key(pem: str) -> RSAPrivateKey:
    return private_key(pem.replace("TESTING KEY", "PRIVATE KEY"))


def merchant_keys() -> Keys:
    """Return the keys of the sandbox's merchant."""
    return Keys(_key(MERCHANT), MERCHANT_SERIAL, {PLATFORM_ID: _key(PLATFORM).public_key()}, PLATFORM_ID, API_KEY)


def platform_keys() -> Keys:
    """Return the keys of the sandbox itself."""
    own, merchant = _key(PLATFORM), _key(MERCHANT).public_key()
    return Keys(own, PLATFORM_ID, {MERCHANT_SERIAL: merchant}, MERCHANT_SERIAL, API_KEY)


def alipay_keys(*, platform: bool = False, certified: bool = False) -> alipay_wire.Keys:
    """Return the keys of the sandbox's app at Alipay, or those of the `platform` itself; `certified`: with their certificates."""
    own, other = (PLATFORM, MERCHANT) if platform else (MERCHANT, PLATFORM)
    return alipay_wire.Keys(_key(own), _key(other).public_key(), _alipay_certificates() if certified else None)


def _alipay_certificates() -> alipay_wire.Certificates:
    app = certificate("TESTING APP", of=MERCHANT, issuer="TESTING APPS")
    alipay = alipay_wire.number_of_certificate(certificate("TESTING ALIPAY", issuer="TESTING PLATFORM"))
    return alipay_wire.Certificates(
        alipay_wire.number_of_certificate(app),
        alipay_wire.number_of_roots([certificate("TESTING ROOT")]),
        {alipay: _key(PLATFORM).public_key()},
    )


@cache
def certificate(name: str, *, of: str = PLATFORM, by: str = PLATFORM, issuer: str = "TESTING ROOT") -> Certificate:
    """Return a certificate for the key `of`, signed by the key `by`; always the same one."""
    subject, signer = (Name([NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, issuer))
    made = CertificateBuilder().subject_name(subject).issuer_name(signer).public_key(_key(of).public_key())
    made = made.serial_number(4_242).not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
    return made.not_valid_after(datetime(2099, 1, 1, tzinfo=UTC)).sign(_key(by), SHA256())


def unionpay_keys() -> unionpay_wire.Keys:
    """Return the keys of the sandbox's merchant at UnionPay."""
    root, middle = certificate("TESTING ROOT"), certificate("TESTING MIDDLE")
    return unionpay_wire.Keys(_key(MERCHANT), "4242", (root, middle))


def unionpay_platform() -> tuple[RSAPrivateKey, str]:
    """Return the key of UnionPay's sandbox, and the certificate that it sends along."""
    own = certificate(f"041@TESTING@{unionpay_wire.NAME}@00000000", issuer="TESTING MIDDLE")
    return _key(PLATFORM), own.public_bytes(Encoding.PEM).decode()

"""Which gateways a deployment has: those its settings name, and in a demonstration the sandboxes of the others."""

from __future__ import annotations

from pathlib import Path

import httpx
import msgspec

from goodtaste.kernel.clock import Clock
from goodtaste.kernel.config import Settings
from goodtaste.kernel.key_files import loaded, texts
from goodtaste.kernel.rsa import certificates, private_key, public_keys, rsa_key_of
from goodtaste.payment.agreement import Autopays
from goodtaste.payment.gateway import Gateway, Gateways
from goodtaste.payment.gateways import alipay, alipay_wire, testing_keys, unionpay, unionpay_wire, wechat
from goodtaste.payment.gateways.alipay_sandbox import AlipaySandbox
from goodtaste.payment.gateways.autopay import SandboxAutopay
from goodtaste.payment.gateways.autopay_sandbox import AutopaySandbox
from goodtaste.payment.gateways.line import client_for
from goodtaste.payment.gateways.shelf import FILE, Shelf
from goodtaste.payment.gateways.unionpay_sandbox import UnionpaySandbox
from goodtaste.payment.gateways.wallet import WalletGateway
from goodtaste.payment.gateways.wallet_sandbox import WalletSandbox
from goodtaste.payment.gateways.wechat_sandbox import WechatSandbox
from goodtaste.payment.gateways.wechat_wire import Keys

AUTOPAY_INSIDE = "http://autopay.sandbox"
AGREEMENT_NOTICES = "/v1/agreements/notices"
INSIDE = "http://wallet.sandbox"  # where a sandbox of this process answers without leaving it
SANDBOX_MERCHANT = "1900000001"
SANDBOX_APP, SANDBOX_SELLER = "9021000000000000", "2088000000000000"  # at Alipay
SANDBOX_UNIONPAY = "777290000000001"


class Sandboxes(msgspec.Struct, frozen=True):
    """The payment providers that a demonstration brings along."""

    shelf: Shelf
    wallet: WalletSandbox
    wechat: WechatSandbox
    alipay: AlipaySandbox
    unionpay: UnionpaySandbox
    autopay: AutopaySandbox

    @property
    def all(self) -> tuple[WalletSandbox | AutopaySandbox, ...]:
        """All of them."""
        return self.wallet, self.wechat, self.alipay, self.unionpay, self.autopay

    async def aclose(self) -> None:
        """Give their connections back."""
        for each in self.all:
            await each.aclose()
            each.books.flush()
        self.shelf.close()


def open_sandboxes(settings: Settings, *, clock: Clock) -> Sandboxes | None:
    """Return the sandboxes of a demonstration, or None."""
    if not settings.demo:
        return None
    here = settings.public_url.rstrip("/")
    beside = settings.sqlite_path.parent if settings.is_sqlite else Path(settings.data_dir)
    shelf = Shelf(beside / FILE)
    wallet = WalletSandbox(
        merchant=settings.wallet_merchant,
        secret=settings.wallet_secret,
        address=f"{here}{WalletSandbox.place}",
        clock=clock,
        client=httpx.AsyncClient(),
        shelf=shelf,
    )
    wechat_pay = WechatSandbox(
        merchant=SANDBOX_MERCHANT,
        app_id=settings.wechat_app_id,
        keys=testing_keys.platform_keys(),
        address=f"{here}{WechatSandbox.place}",
        clock=clock,
        client=httpx.AsyncClient(),
        shelf=shelf,
    )
    alipay_ = AlipaySandbox(
        app_id=SANDBOX_APP,
        seller=SANDBOX_SELLER,
        keys=testing_keys.alipay_keys(platform=True),
        address=f"{here}{AlipaySandbox.place}",
        clock=clock,
        client=httpx.AsyncClient(),
        shelf=shelf,
    )
    unionpay_ = UnionpaySandbox(
        merchant=SANDBOX_UNIONPAY,
        address=f"{here}{UnionpaySandbox.place}",
        clock=clock,
        client=httpx.AsyncClient(),
        shelf=shelf,
    )
    autopay = AutopaySandbox(
        merchant=settings.wallet_merchant,
        secret=settings.wallet_secret,
        address=f"{here}{AutopaySandbox.place}",
        clock=clock,
        client=httpx.AsyncClient(),
        shelf=shelf,
    )
    return Sandboxes(shelf, wallet, wechat_pay, alipay_, unionpay_, autopay)


def open_gateways(settings: Settings, *, sandboxes: Sandboxes | None, clock: Clock) -> Gateways:
    """Return the gateways of this deployment.  Raises `BadSettings` for keys that are none."""
    made = (
        _wallet(settings, sandboxes, clock),
        _wechat(settings, sandboxes, clock),
        _alipay(settings, sandboxes, clock),
        _unionpay(settings, sandboxes, clock),
    )
    return Gateways(*(each for each in made if each is not None))


def _wallet(settings: Settings, sandboxes: Sandboxes | None, clock: Clock) -> Gateway | None:
    client = _client(settings.wallet_url, sandboxes.wallet if sandboxes else None)
    if client is None:
        return None
    return WalletGateway(
        client,
        merchant=settings.wallet_merchant,
        secret=settings.wallet_secret,
        notify_url=_notify_url(settings, WalletGateway.method),
        clock=clock,
    )


def _wechat(settings: Settings, sandboxes: Sandboxes | None, clock: Clock) -> Gateway | None:
    real = settings.wechat_pay_merchant
    client = _client(
        (settings.wechat_pay_url or wechat.REAL_URL) if real else "", sandboxes.wechat if sandboxes else None
    )
    if client is None:
        return None
    return wechat.WechatGateway(
        client,
        merchant=real or SANDBOX_MERCHANT,
        app_id=settings.wechat_app_id,
        keys=_wechat_keys(settings) if real else testing_keys.merchant_keys(),
        notify_url=_notify_url(settings, wechat.METHOD),
        clock=clock,
    )


def _alipay(settings: Settings, sandboxes: Sandboxes | None, clock: Clock) -> Gateway | None:
    real, here = settings.alipay_app_id, f"{settings.public_url.rstrip('/')}{AlipaySandbox.place}"
    url = (settings.alipay_url or alipay.REAL_URL) if real else ""
    client = _client(url, sandboxes.alipay if sandboxes else None, at=here)
    if client is None:
        return None
    return alipay.AlipayGateway(
        client,
        app_id=real or SANDBOX_APP,
        seller=settings.alipay_seller if real else SANDBOX_SELLER,
        keys=_alipay_keys(settings) if real else testing_keys.alipay_keys(),
        notify_url=_notify_url(settings, alipay.METHOD),
        clock=clock,
    )


def _unionpay(settings: Settings, sandboxes: Sandboxes | None, clock: Clock) -> Gateway | None:
    real, here = settings.unionpay_merchant, f"{settings.public_url.rstrip('/')}{UnionpaySandbox.place}"
    url = (settings.unionpay_url or unionpay.REAL_URL) if real else ""
    client = _client(url, sandboxes.unionpay if sandboxes else None, at=here)
    if client is None:
        return None
    return unionpay.UnionpayGateway(
        client,
        merchant=real or SANDBOX_UNIONPAY,
        keys=_unionpay_keys(settings) if real else testing_keys.unionpay_keys(),
        files=(settings.unionpay_files_url or unionpay.REAL_FILES) if real else f"{here}/files",
        notify_url=_notify_url(settings, unionpay.METHOD),
        clock=clock,
    )


def open_autopay(settings: Settings, *, sandboxes: Sandboxes | None, clock: Clock) -> Autopays:
    """Return who deducts by agreement for this deployment: the sandbox of this process, else nobody."""
    if sandboxes is None:
        return Autopays(None)
    return Autopays(
        SandboxAutopay(
            client_for(AUTOPAY_INSIDE, transport=httpx.ASGITransport(sandboxes.autopay)),
            merchant=settings.wallet_merchant,
            secret=settings.wallet_secret,
            notify_url=f"{settings.public_url.rstrip('/')}{AGREEMENT_NOTICES}",
            clock=clock,
        )
    )


def _client(url: str, sandbox: WalletSandbox | None, *, at: str = INSIDE) -> httpx.AsyncClient | None:
    """Return the client of a gateway: of the real one at `url`, else of the sandbox in this process, which is known by the address `at`."""
    if url:
        return client_for(url)
    return client_for(at, transport=httpx.ASGITransport(sandbox)) if sandbox is not None else None


def _notify_url(settings: Settings, method: str) -> str:
    return f"{settings.public_url.rstrip('/')}/v1/gateways/{method}/notices"


def _wechat_keys(settings: Settings) -> Keys:
    """Return the keys of WeChat Pay that the settings name; raises `BadSettings`."""
    own, others = texts(settings, "wechat_pay_key_file", "wechat_pay_platform_file")
    key_id = settings.wechat_pay_platform_id
    key = loaded(settings, "wechat_pay_key_file", lambda: private_key(own))
    keys = loaded(settings, "wechat_pay_platform_file", lambda: public_keys(others, key_id=key_id))
    return Keys(key, settings.wechat_pay_serial, keys, key_id or next(iter(keys)), settings.wechat_pay_api_key.encode())


def _alipay_keys(settings: Settings) -> alipay_wire.Keys:
    """Return the keys of Alipay that the settings name; raises `BadSettings`."""
    own, other = texts(settings, "alipay_key_file", "alipay_platform_file")
    key = loaded(settings, "alipay_key_file", lambda: private_key(own))
    keys = loaded(settings, "alipay_platform_file", lambda: public_keys(other, key_id=alipay.METHOD))
    held = _alipay_certificates(settings, other) if settings.alipay_app_cert_file else None
    return alipay_wire.Keys(key, next(iter(keys.values())), held)


def _alipay_certificates(settings: Settings, platform: str) -> alipay_wire.Certificates:
    """Return the certificates of Alipay that the settings name; raises `BadSettings`."""
    own, trusted = texts(settings, "alipay_app_cert_file", "alipay_root_cert_file")
    (app, *_) = loaded(settings, "alipay_app_cert_file", lambda: certificates(own))
    roots = loaded(settings, "alipay_root_cert_file", lambda: certificates(trusted))
    theirs = loaded(settings, "alipay_platform_file", lambda: certificates(platform))
    by_number = {alipay_wire.number_of_certificate(each): rsa_key_of(each) for each in theirs}
    return alipay_wire.Certificates(
        alipay_wire.number_of_certificate(app), alipay_wire.number_of_roots(roots), by_number
    )


def _unionpay_keys(settings: Settings) -> unionpay_wire.Keys:
    """Return the keys of UnionPay that the settings name; raises `BadSettings`."""
    own, others = texts(settings, "unionpay_key_file", "unionpay_platform_file")
    key = loaded(settings, "unionpay_key_file", lambda: private_key(own))
    (certificate, *_) = loaded(settings, "unionpay_key_file", lambda: certificates(own))
    roots = loaded(settings, "unionpay_platform_file", lambda: certificates(others))
    return unionpay_wire.Keys(key, str(certificate.serial_number), roots)

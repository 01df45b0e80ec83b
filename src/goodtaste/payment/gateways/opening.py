"""Which gateways a deployment has: those its settings name, and in a demonstration the sandboxes of the others."""

from __future__ import annotations

from pathlib import Path

import httpx
import msgspec

from goodtaste.kernel.clock import Clock
from goodtaste.kernel.config import PREFIX, BadSettings, Fault, Settings
from goodtaste.payment.agreement import Autopays
from goodtaste.payment.gateway import Gateway, Gateways
from goodtaste.payment.gateways import testing_keys
from goodtaste.payment.gateways.autopay import SandboxAutopay
from goodtaste.payment.gateways.autopay_sandbox import AutopaySandbox
from goodtaste.payment.gateways.line import client_for
from goodtaste.payment.gateways.wallet import WalletGateway
from goodtaste.payment.gateways.wallet_sandbox import WalletSandbox
from goodtaste.payment.gateways.wechat import REAL_URL, WechatGateway
from goodtaste.payment.gateways.wechat_sandbox import WechatSandbox
from goodtaste.payment.gateways.wechat_wire import Keys, private_key, public_keys

AUTOPAY_INSIDE = "http://autopay.sandbox"
AGREEMENT_NOTICES = "/v1/agreements/notices"
INSIDE = "http://wallet.sandbox"  # where a sandbox of this process answers without leaving it
SANDBOX_MERCHANT = "1900000001"


class Sandboxes(msgspec.Struct, frozen=True):
    """The payment providers that a demonstration brings along."""

    wallet: WalletSandbox
    wechat: WechatSandbox
    autopay: AutopaySandbox

    @property
    def all(self) -> tuple[WalletSandbox | AutopaySandbox, ...]:
        """All of them."""
        return self.wallet, self.wechat, self.autopay

    async def aclose(self) -> None:
        """Give their connections back."""
        for each in self.all:
            await each.aclose()


def open_sandboxes(settings: Settings, *, clock: Clock) -> Sandboxes | None:
    """Return the sandboxes of a demonstration, or None."""
    if not settings.demo:
        return None
    here = settings.public_url.rstrip("/")
    wallet = WalletSandbox(
        merchant=settings.wallet_merchant,
        secret=settings.wallet_secret,
        address=f"{here}{WalletSandbox.place}",
        clock=clock,
        client=httpx.AsyncClient(),
    )
    wechat = WechatSandbox(
        merchant=SANDBOX_MERCHANT,
        app_id=settings.wechat_app_id,
        keys=testing_keys.platform_keys(),
        address=f"{here}{WechatSandbox.place}",
        clock=clock,
        client=httpx.AsyncClient(),
    )

    autopay = AutopaySandbox(
        merchant=settings.wallet_merchant,
        secret=settings.wallet_secret,
        address=f"{here}{AutopaySandbox.place}",
        clock=clock,
        client=httpx.AsyncClient(),
    )
    return Sandboxes(wallet, wechat, autopay)


def open_gateways(settings: Settings, *, sandboxes: Sandboxes | None, clock: Clock) -> Gateways:
    """Return the gateways of this deployment.  Raises `BadSettings` for keys that are none."""
    found: list[Gateway] = []
    wallet = _client(settings.wallet_url, sandboxes.wallet if sandboxes else None)
    if wallet is not None:
        found.append(
            WalletGateway(
                wallet,
                merchant=settings.wallet_merchant,
                secret=settings.wallet_secret,
                notify_url=_notify_url(settings, WalletGateway.method),
                clock=clock,
            )
        )
    real = settings.wechat_pay_merchant
    url = settings.wechat_pay_url or REAL_URL if real else ""
    wechat = _client(url, sandboxes.wechat if sandboxes else None)
    if wechat is not None:
        found.append(
            WechatGateway(
                wechat,
                merchant=real or SANDBOX_MERCHANT,
                app_id=settings.wechat_app_id,
                keys=_wechat_keys(settings) if real else testing_keys.merchant_keys(),
                notify_url=_notify_url(settings, WechatGateway.method),
                clock=clock,
            )
        )
    return Gateways(*found)


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


def _client(url: str, sandbox: WalletSandbox | None) -> httpx.AsyncClient | None:
    if url:
        return client_for(url)
    return client_for(INSIDE, transport=httpx.ASGITransport(sandbox)) if sandbox is not None else None


def _notify_url(settings: Settings, method: str) -> str:
    return f"{settings.public_url.rstrip('/')}/v1/gateways/{method}/notices"


def _wechat_keys(settings: Settings) -> Keys:
    """Return the keys of WeChat Pay that the settings name; raises `BadSettings`."""
    faults: list[Fault] = []

    def read(name: str) -> str:
        path = str(getattr(settings, name))
        try:
            return Path(path).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            faults.append(Fault("config.unreadable", PREFIX + name.upper(), path, {"error": str(error)}))
            return ""

    own, others = read("wechat_pay_key_file"), read("wechat_pay_platform_file")
    if faults:
        raise BadSettings(faults)
    key_id = settings.wechat_pay_platform_id
    try:
        named = "wechat_pay_key_file"
        key = private_key(own)
        named = "wechat_pay_platform_file"
        keys = public_keys(others, key_id=key_id)
    except ValueError as error:
        where = getattr(settings, named)
        raise BadSettings([Fault("config.no_key", PREFIX + named.upper(), where, {"error": str(error)})]) from error
    return Keys(key, settings.wechat_pay_serial, keys, key_id or next(iter(keys)), settings.wechat_pay_api_key.encode())

"""Which gateways a deployment has: those its settings name."""

from __future__ import annotations

import httpx

from goodtaste.kernel.clock import Clock
from goodtaste.kernel.config import Settings
from goodtaste.payment.agreement import Autopays
from goodtaste.payment.gateway import Gateways
from goodtaste.payment.gateways.autopay import SandboxAutopay
from goodtaste.payment.gateways.autopay_sandbox import PLACE as AUTOPAY_PLACE
from goodtaste.payment.gateways.autopay_sandbox import AutopaySandbox
from goodtaste.payment.gateways.wallet import WalletGateway, client_for
from goodtaste.payment.gateways.wallet_sandbox import PLACE, WalletSandbox

AUTOPAY_INSIDE = "http://autopay.sandbox"
AGREEMENT_NOTICES = "/v1/agreements/notices"
INSIDE = "http://wallet.sandbox"  # where the wallet of this process answers without leaving it


def open_sandbox(settings: Settings, *, clock: Clock) -> WalletSandbox | None:
    """Return the sandbox wallet of a demonstration, or None."""
    if not settings.demo:
        return None
    return WalletSandbox(
        merchant=settings.wallet_merchant,
        secret=settings.wallet_secret,
        address=f"{settings.public_url.rstrip('/')}{PLACE}",
        clock=clock,
        client=httpx.AsyncClient(),
    )


def open_gateways(settings: Settings, *, sandbox: WalletSandbox | None, clock: Clock) -> Gateways:
    """Return the gateways of this deployment.  The wallet is the one at `wallet_url`, else the sandbox of this process, else none."""
    if settings.wallet_url:
        client = client_for(settings.wallet_url)
    elif sandbox is not None:
        client = client_for(INSIDE, transport=httpx.ASGITransport(sandbox))
    else:
        return Gateways()
    notify_url = f"{settings.public_url.rstrip('/')}/v1/gateways/{WalletGateway.method}/notices"
    return Gateways(
        WalletGateway(
            client,
            merchant=settings.wallet_merchant,
            secret=settings.wallet_secret,
            notify_url=notify_url,
            clock=clock,
        )
    )


def open_autopay_sandbox(settings: Settings, *, clock: Clock) -> AutopaySandbox | None:
    """Return the sandbox of agreements of a demonstration, or None."""
    if not settings.demo:
        return None
    return AutopaySandbox(
        merchant=settings.wallet_merchant,
        secret=settings.wallet_secret,
        address=f"{settings.public_url.rstrip('/')}{AUTOPAY_PLACE}",
        clock=clock,
        client=httpx.AsyncClient(),
    )


def open_autopay(settings: Settings, *, sandbox: AutopaySandbox | None, clock: Clock) -> Autopays:
    """Return who deducts by agreement for this deployment: the sandbox of this process, else nobody."""
    if sandbox is None:
        return Autopays(None)
    return Autopays(
        SandboxAutopay(
            client_for(AUTOPAY_INSIDE, transport=httpx.ASGITransport(sandbox)),
            merchant=settings.wallet_merchant,
            secret=settings.wallet_secret,
            notify_url=f"{settings.public_url.rstrip('/')}{AGREEMENT_NOTICES}",
            clock=clock,
        )
    )

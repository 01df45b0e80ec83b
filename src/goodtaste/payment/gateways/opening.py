"""Which gateways a deployment has: those its settings name."""

from __future__ import annotations

import httpx

from goodtaste.kernel.clock import Clock
from goodtaste.kernel.config import Settings
from goodtaste.payment.gateway import Gateways
from goodtaste.payment.gateways.wallet import WalletGateway, client_for
from goodtaste.payment.gateways.wallet_sandbox import PLACE, WalletSandbox

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

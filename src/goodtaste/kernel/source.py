"""Where a request comes from, as tries and messages are counted by it."""

from __future__ import annotations

import ipaddress


def network_of(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or the 64 bits of IPv6 that one customer has."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    return str(ipaddress.ip_network(f"{ip}/64", strict=False)) if ip.version == 6 else str(ip)

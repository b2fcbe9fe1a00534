"""Public addresses, by a list of our own: `ipaddress.is_global` differs between versions of Python."""

import ipaddress
from typing import Final

_IPV6_GLOBAL: Final = ipaddress.IPv6Network("2000::/3")
# IANA's registries of special-purpose addresses; a block is left out whole where a part of it is reachable.
_SPECIAL: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",
            "100.64.0.0/10",  # shared, behind a provider's NAT
            "127.0.0.0/8",
            "168.63.129.16/32",  # a cloud's platform, reachable from its machines alone
            "169.254.0.0/16",  # link-local, metadata services
            "172.16.0.0/12",
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # multicast relays
            "192.88.99.0/24",  # relays to 6to4
            "192.168.0.0/16",
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
            "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)


def is_public(text: str) -> bool:
    """Return True for a public address: not special, not mapped or translated from IPv4, and without a zone."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if address.version == 6 and ("%" in text or address not in _IPV6_GLOBAL):
        return False
    return not any(address.version == each.version and address in each for each in _SPECIAL)

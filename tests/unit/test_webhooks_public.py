"""Public addresses, by a table of all other blocks, the same on every Python."""

import ipaddress
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from webhooks.public import is_public

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = ["8.8.8.8", "93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"]
SPECIAL_BLOCKS = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.0.8/32", "192.0.0.9/32", "192.0.0.10/32", "192.0.0.170/31", "192.0.2.0/24", "192.31.196.0/24",
    "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32",
    "::/128", "::1/128", "::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64",
    "2001::/23", "2001::/32", "2001:1::1/128", "2001:2::/48", "2001:3::/32", "2001:4:112::/48", "2001:10::/28",
    "2001:20::/28", "2001:30::/28", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7",
    "fe80::/10", "fec0::/10", "ff00::/8",
]  # fmt: skip
NO_ADDRESSES = ["fe80::1%eth0", "2606:4700:4700::1111%eth0", "localhost", "", "8.8.8.8/32", "1.1", "010.8.8.8"]
BESIDE = [
    "11.0.0.0",
    "9.255.255.255",
    "100.63.255.255",
    "192.0.1.0",
    "198.17.255.255",
    "203.0.114.1",
    "223.255.255.255",
]
PROGRAM = """
import json, sys
from webhooks.public import is_public
print(json.dumps([sys.version_info[:2], [each for each in json.load(sys.stdin) if is_public(each)]]))
"""


def refused() -> list[str]:
    """First, last and middle address of every block."""
    blocks = [ipaddress.ip_network(each) for each in SPECIAL_BLOCKS]
    return [str(block[place]) for block in blocks for place in (0, -1, block.num_addresses // 2)]


@pytest.mark.parametrize("address", [*PUBLIC, *BESIDE])
def test_a_public_address_is_taken(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", [*dict.fromkeys(refused()), *NO_ADDRESSES])
def test_an_address_of_somebodys_own_network_is_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_every_supported_python_gives_the_same_answers(version: str) -> None:
    python = _python(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    asked = [*refused(), *NO_ADDRESSES, *PUBLIC, *BESIDE]
    ended = subprocess.run(
        [python, "-c", PROGRAM], input=json.dumps(asked), cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(ended.stdout) == [[int(part) for part in version.split(".")], [*PUBLIC, *BESIDE]]


def _python(version: str) -> str | None:
    """An interpreter of this version that runs, if any: one on the path, or of pyenv."""
    places = [shutil.which(f"python{version}"), *map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))]
    if sys.version.startswith(f"{version}."):
        return sys.executable
    runs = (each for each in places if each and subprocess.run([each, "-c", ""], capture_output=True).returncode == 0)
    return next(runs, None)

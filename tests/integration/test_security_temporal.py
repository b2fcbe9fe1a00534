"""TLS, client certificates and the API key towards Temporal, by Temporal's own variables. A proxy of the test
terminates TLS: the development server has none."""

from pathlib import Path

import pytest

from embedded.temporal import TemporalServer
from tests.integration.certificates import Authority, needs_openssl
from tests.integration.cli_harness import Shell, as_lines, shell_for
from tests.integration.secured_harness import as_header_value, temporal_proxy
from tests.running_system import new_id, order_data

pytestmark = needs_openssl
API_KEY = "test-api-secret-0123"
SENT = (API_KEY.encode(), as_header_value(f"Bearer {API_KEY}"))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("tls"), "ours")


@pytest.fixture(scope="module")
def other_authority(authority: Authority) -> Authority:
    return Authority.make(authority.folder, "strangers")


@pytest.fixture
def shell(tmp_path: Path, database_url: str, temporal_server: TemporalServer) -> Shell:
    plain = shell_for(tmp_path, database_url, temporal_server)
    return Shell(tmp_path, {name: value for name, value in plain.environment.items() if name != "TEMPORAL_ADDRESS"})


async def ended(shell: Shell, environment: dict[str, str]) -> str:
    """Output of `orders worker` when it cannot serve: one sentence."""
    result = await Shell(shell.folder, shell.environment | environment).orders("worker")
    assert result.code == 1, result.err
    assert "Traceback" not in result.err
    assert len(result.err.strip().splitlines()) == 1, result.err
    return result.err


async def test_an_order_goes_through_over_tls_with_the_api_key(
    shell: Shell, temporal_server: TemporalServer, authority: Authority
) -> None:
    async with temporal_proxy(temporal_server.address, authority) as proxy:
        environment = proxy.environment | {"TEMPORAL_API_KEY": API_KEY}
        assert (await shell.orders("inventory", "set", "TEA-1", "10")).code == 0
        async with shell.serving("worker", **environment):
            order = as_lines(order_data(new_id()))
            placed = await Shell(shell.folder, shell.environment | environment).orders(
                "place", "-", "--wait", given=order
            )
            assert placed.code == 0, placed.err
            assert "shipped 1" in placed.out
        assert any(each in bytes(proxy.received) for each in SENT), "the key arrives"


async def test_a_key_alone_switches_tls_on_so_that_it_is_never_sent_in_clear(
    shell: Shell, temporal_server: TemporalServer, authority: Authority
) -> None:
    async with temporal_proxy(temporal_server.address, authority, tls=False) as proxy:
        environment = {"TEMPORAL_ADDRESS": f"127.0.0.1:{proxy.port}", "TEMPORAL_API_KEY": API_KEY}
        assert "Temporal does not answer" in await ended(shell, environment)
        assert proxy.received[:1] == b"\x16", "a TLS handshake is all that was tried"
        assert not any(each in bytes(proxy.received) for each in SENT)


async def test_a_key_with_tls_switched_off_is_refused_before_anything_is_sent(
    shell: Shell, temporal_server: TemporalServer, authority: Authority
) -> None:
    async with temporal_proxy(temporal_server.address, authority, tls=False) as proxy:
        environment = {
            "TEMPORAL_ADDRESS": f"127.0.0.1:{proxy.port}",
            "TEMPORAL_API_KEY": API_KEY,
            "TEMPORAL_TLS": "false",
        }
        assert (await ended(shell, environment)).startswith("TEMPORAL_API_KEY is set and TEMPORAL_TLS is false")
        assert proxy.received == b""


async def test_the_key_would_be_seen_by_this_test(shell: Shell, authority: Authority) -> None:
    """Guard of the two tests above: the encoding of a header is checked against RFC 7541's own example."""
    assert as_header_value("no-cache").hex() == "a8eb10649cbf"[: len(as_header_value("no-cache")) * 2]


@pytest.mark.parametrize("wrong", ["authority", "name"])
async def test_a_certificate_of_another_authority_or_name_is_refused(
    shell: Shell, temporal_server: TemporalServer, authority: Authority, other_authority: Authority, wrong: str
) -> None:
    changed = {
        "authority": {"TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(other_authority.file)},
        "name": {"TEMPORAL_TLS_SERVER_NAME": "elsewhere.example"},
    }
    async with temporal_proxy(temporal_server.address, authority) as proxy:
        environment = proxy.environment | {"TEMPORAL_API_KEY": API_KEY} | changed[wrong]
        assert "Temporal does not answer" in await ended(shell, environment)
        assert proxy.received == b""


async def test_mutual_tls_lets_in_who_has_a_certificate(
    shell: Shell, temporal_server: TemporalServer, authority: Authority, other_authority: Authority
) -> None:
    async with temporal_proxy(temporal_server.address, authority, clients=authority) as proxy:
        assert "Temporal does not answer" in await ended(shell, proxy.environment)
        assert "Temporal does not answer" in await ended(shell, proxy.environment | _client(other_authority))
        assert proxy.received == b""
        async with shell.serving("worker", **proxy.environment, **_client(authority)):
            assert proxy.received


def _client(authority: Authority) -> dict[str, str]:
    certificate, key = authority.issue("worker")
    return {"TEMPORAL_TLS_CLIENT_CERT_PATH": str(certificate), "TEMPORAL_TLS_CLIENT_KEY_PATH": str(key)}

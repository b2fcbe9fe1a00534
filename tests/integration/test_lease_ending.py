"""A lease whose connection the server is ending: announced, and still open."""

from eventstore.lease import Lease
from tests.running_system import until

_FIELDS = b"SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
LAST_WORD = b"E" + (4 + len(_FIELDS)).to_bytes(4) + _FIELDS  # an ErrorResponse on the wire


async def test_a_lease_asked_for_between_the_servers_last_word_and_its_end_is_not_held(database_url: str) -> None:
    lease = Lease(database_url, "a name")
    assert await lease.acquire()
    assert await lease.held()
    connection = lease._connection
    assert connection is not None
    connection._protocol.data_received(LAST_WORD)  # type: ignore[attr-defined]
    assert not connection.is_closed()
    assert not await lease.held()
    await lease.release()
    await until(lease.acquire, "the server has noticed the end of the session")
    await lease.release()

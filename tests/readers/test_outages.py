"""Promise 9 with real clients: exactly the log, whatever the connection does."""

import json

from tests.readers.outages import read_through_outages


async def test_a_client_sees_exactly_the_log_through_every_outage(client, house, successor):
    reading = await read_through_outages(client, house, successor)

    assert [frame for frame in reading.seen if frame.event.startswith("job_")] == reading.log
    for frame in reading.seen:  # nothing was made of a heartbeat or of half a frame
        assert frame.event.startswith("job_") or frame.event in {"hello", "reconnect", "end"}
        json.loads(frame.data)
    assert not reading.proxy.cuts, "A cut was not made."
    assert any(b"event: reconnect\n" in asked.answer for asked in reading.proxy.streams)

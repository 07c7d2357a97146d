"""Every answer to the OpenAPI document's requests is in it.

`make fuzz` goes on for FUZZ_SECONDS, with other requests each time.
"""

import asyncio
import contextlib
import os
import re
import time

import pytest

from tests.fuzz.fuzzing import Fuzzer
from tests.fuzz.world import made_world

SECONDS = float(os.environ.get("FUZZ_SECONDS") or 0)
EXAMPLES = 15 if SECONDS else 3  # of each operation that fit the document, and as many that do not


@pytest.mark.timeout(SECONDS + 600)
async def test_every_answer_is_one_of_the_document(api, house):
    world = await made_world(api, house)
    ends, number, found = time.monotonic() + SECONDS, 0, []

    with contextlib.closing(Fuzzer(world, str(api.base_url))) as fuzzer:
        while not number or (time.monotonic() < ends and not found):
            found = await asyncio.to_thread(fuzzer.faults, fuzzer.cases(EXAMPLES, number))
            number += 1

    assert not found, f"{len(found)} in {fuzzer.sent} requests:\n" + "\n".join(map(str, found))
    assert {200, 201, 204, 400, 404} <= fuzzer.statuses


async def test_a_path_with_a_null_character_leads_nowhere(api, house):
    world = await made_world(api, house)
    wrong = set()
    for path, operations in world.document["paths"].items():
        for method in operations if "{" in path else ():
            address = re.sub(r"\{\w+\}", "%00", path)
            answer = await api.request(method, address, headers={"Authorization": f"Bearer {world.key}"})
            if answer.status_code not in {400, 404}:
                wrong.add((method, path, answer.status_code))

    assert wrong == set()


async def test_an_answer_that_is_not_in_the_document_is_found(api, house):
    world = await made_world(api, house)
    operation = world.document["paths"]["/jobs/{job_id}"]["get"]
    del operation["responses"]["400"], operation["responses"]["404"]
    operation["responses"]["200"]["content"]["application/json"]["schema"] = {"type": "array"}
    world.document["paths"] = {"/jobs/{job_id}": {"get": operation}}

    with contextlib.closing(Fuzzer(world, str(api.base_url))) as fuzzer:
        found = await asyncio.to_thread(fuzzer.faults, fuzzer.cases(5))

    said = " ".join(fault.said for fault in found)
    assert "Undocumented status code" in said
    assert "200 Response violates schema" in said

"""Jobs that have ended."""

from tests.steps import until


async def finished(http, job_id):
    async def look():
        job = (await http.get(f"/jobs/{job_id}")).json()
        return job if job["status"] == "completed" else None

    return await until(look)

"""The jobs of procrastinate that nobody does any more: those of a worker that ended, or was killed."""

from collections.abc import Collection

import structlog
from django.db import connection
from procrastinate import App
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Status

log = structlog.get_logger()

# A worker says twelve times a minute that it lives; one that was silent for so long is dead.
SECONDS_OF_A_BEAT, SECONDS_OF_SILENCE = 5.0, 30.0
_RELEASE = """
SELECT procrastinate_finish_job_v1(id, 'aborted', true) FROM procrastinate_jobs
WHERE status = 'doing' AND worker_id = ANY(%s)
"""


async def release_stalled(app: App) -> int:
    """Take away the jobs of dead workers, so that the next of their kind may begin; return how many.

    Nothing is lost with a job: what it was at is due, and the next finds it.
    """
    released = 0
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=SECONDS_OF_SILENCE):
        try:
            assert job.id is not None
            await app.job_manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)
        except ConnectorException:
            # Another worker was quicker, or it ended just now.
            continue
        released += 1
        log.warning("job_of_a_dead_worker", task=job.task_name)
    return released


def release(workers: Collection[int]) -> None:
    """Take away what workers of this process are at."""
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, [list(workers)])

"""What of a job's options decides which worker may claim it, in SQL over a table called ``job``."""

from services.common.jobs.options import BY_MODEL

# NULL for whichever the worker has. Of a job with a model it lies where no worker of before looks.
WANTED_DETECTOR = f"""
    coalesce(job.options #>> '{{model,detector}}', nullif(job.options ->> 'detector', '{BY_MODEL}'))
"""
# NULL for whichever is active.
WANTED_MODEL = "(job.options #>> '{model,sha256}')"

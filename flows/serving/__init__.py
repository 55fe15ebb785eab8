"""A site on one machine: Prefect's server, a worker and the schedule, kept running together.

Rule: no flow and no step of the pipeline; what waits and watches imports the standard library
alone, and only what registers with the server knows Prefect.
"""

"""The steps of the pipeline.

Rule: the modules here are Prefect tasks, thin: they open through `storage`, call one of the domain
packages below and commit through `storage`. The domain packages (`video`, `encoder`, `normality`,
`report`, `scene`) import neither Prefect nor `storage`, nor each other. What `diagnosis` calls is
no task: it must work when Prefect does not.
"""

import logging

# Prefect hands the log of these modules to its server, but leaves the level at that of the root.
logging.getLogger(__name__).setLevel(logging.INFO)

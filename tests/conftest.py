"""Settings of every test."""

from hypothesis import settings

# A busy machine is slow at times: no example is timed.
settings.register_profile("nightjar", deadline=None)
settings.load_profile("nightjar")

"""What can be wrong with a profile or a threshold, by what the operator does next."""


class NormalityError(Exception):
    """Base of every error about profiles, scores and thresholds."""


class IncompatibleProfileError(NormalityError):
    """Raised when a profile and embeddings come from different encoders: rebuild one of them."""


class ThresholdError(NormalityError):
    """Raised when a threshold is neither a number nor a known rule: correct it."""


class NoNormalFootageError(NormalityError):
    """Raised when a profile would be built from nothing: choose other footage."""


class MissingStatisticsError(NormalityError):
    """Raised when a distance needs what was not kept: build, or embed, again with what it names."""

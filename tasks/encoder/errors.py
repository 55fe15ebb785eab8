"""What can be wrong with an encoder, by what the operator does next."""


class EncoderError(Exception):
    """Base of every error about encoders."""


class CheckpointUnusableError(EncoderError):
    """Raised when what --model names is no VideoMAE checkpoint: give another."""


class CheckpointUnreachableError(EncoderError):
    """Raised when a checkpoint is neither cached nor to be had from the hub: fetch it once."""


class DeviceUnavailableError(EncoderError):
    """Raised when the device asked for is not there: ask for another, or for auto."""


class SketchTooWideError(EncoderError):
    """Raised when a patch is to be sketched in more numbers than it has: ask for fewer."""

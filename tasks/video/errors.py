"""What can be wrong with footage, by what the operator does next."""


class VideoError(Exception):
    """Base of every error about footage."""


class FootageNotFoundError(VideoError):
    """Raised when a path given by the user leads to no footage: correct the path."""


class UnreadableVideoError(VideoError):
    """Raised when a file gives no frames: it goes to quarantine and the run goes on.

    Attributes:
        reason: What is wrong, in plain words.
        decoder_words: What the decoder itself said.
    """

    def __init__(self, reason: str, decoder_words: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.decoder_words = decoder_words


class FootageChangedError(VideoError):
    """Raised when a file is not the one that was probed: run again once it is still."""


class PathPatternError(VideoError):
    """Raised when a path grammar or its timezone cannot be used: correct it as the message says."""


class DecodersUnusableError(VideoError):
    """Raised when no file can be opened, whatever it holds: mend the installation."""


class FootageUnreachableError(VideoError):
    """Raised when the disk or share does not give a file: it is left for the next run."""

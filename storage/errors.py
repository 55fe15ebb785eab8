"""What can be wrong with a warehouse, by what the operator does next."""


class StorageError(Exception):
    """Base of every error about the warehouse."""


class WarehouseUnusableError(StorageError):
    """Raised when the warehouse cannot be written or is of an unknown kind: give another place."""


class NotStoredError(StorageError, LookupError):
    """Raised when something asked for is not in the warehouse: ask for what is."""


class InvalidNameError(StorageError, ValueError):
    """Raised when something cannot be called that: give another name."""


class CorruptShardError(StorageError):
    """Raised when a stored file is not what its writer wrote: run ``nightjar repair``.

    Attributes:
        what: What is wrong with it, in plain words.
    """

    def __init__(self, name: str, what: str) -> None:
        super().__init__(name, what)
        self.what = what

    def __str__(self) -> str:
        return f"{self.args[0]} is damaged ({self.what}): run 'nightjar repair'"

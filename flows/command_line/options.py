"""Groups of options that several commands share."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from tasks.parameters import Archive, Encoding

Many = Parameter(consume_multiple=True, negative="")
Flag = Parameter(negative="")


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """How a command speaks.

    Attributes:
        json: Print one JSON document on standard output, and nothing else there.
        verbose: Show Prefect's log on standard error.
    """

    json: Annotated[bool, Flag] = False
    verbose: Annotated[bool, Flag] = False


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Common(Output):
    """Options of the commands that use a warehouse.

    Attributes:
        warehouse: Folder, or s3://bucket/prefix, that holds everything nightjar keeps.
    """

    warehouse: str = "./warehouse"


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderOptions:
    """How footage becomes embeddings.

    Attributes:
        model: Hub id or local folder of a VideoMAE checkpoint [default: MCG-NJU/videomae-base].
        revision: Revision on the hub; the default checkpoint is pinned to a commit.
        stride: Sample every N-th frame [default: 1].
        batch_size: Clips encoded at once [default: 8].
        device: Where the encoder runs [default: auto].
        precision: Number format in which embeddings are kept; float16 takes half the space
            [default: float32].
        decoder: decord where it can be trusted and PyAV elsewhere, or one alone [default: auto].
        patch_sketch: Numbers kept of each patch beside an embedding, for distances that see where
            something is; 0 for none [default: 8].
    """

    model: str | None = None
    revision: str | None = None
    stride: int | None = None
    batch_size: int | None = None
    device: Literal["auto", "cpu", "cuda", "mps"] | None = None
    precision: Literal["float32", "float16"] | None = None
    decoder: Literal["auto", "decord", "pyav"] | None = None
    patch_sketch: int | None = None

    def given(self) -> dict[str, Any]:
        """Return the options that were given."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def encoding(self) -> Encoding:
        """Return the options as the flows take them."""
        from tasks.parameters import Encoding

        return Encoding(**self.given())


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveOptions:
    """How footage lies in its archive.

    Attributes:
        path_pattern: What a path says of its file, as in
            '{camera}/{start:%Y-%m-%d/%H.%M.%S}.mp4', or the name of a known layout, as frigate.
        timezone: Zone of the times in paths, as Europe/Berlin [default: UTC].
        settle_s: Leave a file that changed within so many seconds for the next run [default: 60].
    """

    path_pattern: str | None = None
    timezone: str | None = None
    settle_s: float | None = None

    def archive(self) -> Archive:
        """Return the options as the flows take them."""
        from tasks.parameters import Archive

        given = {name: value for name, value in asdict(self).items() if value is not None}
        return Archive(**given)


DEFAULT_COMMON = Common()
DEFAULT_OUTPUT = Output()
DEFAULT_ENCODER = EncoderOptions()
DEFAULT_ARCHIVE = ArchiveOptions()

"""Groups of options that several commands share."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from tasks.parameters import Archive, Encoding, Period, ProfileOptions, Scoring

Many = Parameter(consume_multiple=True, negative="")
Flag = Parameter(negative="")
Threshold = Annotated[
    str,
    Parameter(
        help="A number, quantile:Q of the normal footage's own scores, or budget:K/day; auto is "
        "budget:1/day from a camera-day of normal footage on, and quantile:0.999 with less."
    ),
]


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
        metrics_file: File of Prometheus metrics that the run adds to [default:
            $NIGHTJAR_METRICS_FILE].
    """

    warehouse: str = "./warehouse"
    metrics_file: str | None = None


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderOptions:
    """How footage becomes embeddings.

    Attributes:
        model: Hub id or local folder of a VideoMAE checkpoint [default: MCG-NJU/videomae-base].
        revision: Revision on the hub; the default checkpoint is pinned to a commit.
        stride: Sample every N-th frame [default: 1].
        batch_size: Clips that a GPU encodes at once [default: found by itself]; each core of a CPU
            takes one.
        device: Where the encoder runs [default: auto].
        preprocessing: Who resizes frames: the checkpoint's processor, or torch (fused), several
            times as fast and at most one grey level of 256 off [default: processor].
        skip_static: Let an earlier clip stand for one of which no block of pixels is off by more
            than so many grey levels of 256; what that costs is measured and reported [default: 0].
        precision: float16 keeps embeddings in half the space; bfloat16 lets a GPU compute in it,
            a CPU takes many times as long, and keeps them in float32 [default: float32].
        decoder: decord where it can be trusted and PyAV elsewhere, or one alone [default: auto].
        patch_sketch: Numbers kept of each patch beside an embedding, for distances that see where
            something is; 0 for none [default: 8].
    """

    model: str | None = None
    revision: str | None = None
    stride: int | None = None
    batch_size: int | None = None
    device: Literal["auto", "cpu", "cuda", "mps"] | None = None
    preprocessing: Literal["processor", "fused"] | None = None
    skip_static: float | None = None
    precision: Literal["float32", "float16", "bfloat16"] | None = None
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
class WorkerOptions:
    """Who encodes.

    Attributes:
        workers: local:N for N processes of this machine, dask://HOST:PORT for the workers of a
            Dask scheduler [default: this process alone].
    """

    workers: str | None = None

    def chosen(self) -> str | None:
        """Return the workers as the flows take them."""
        from tasks.worker_choice import check_workers

        return None if self.workers is None else check_workers(self.workers)


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


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodOptions:
    """Which footage is meant, by when it was recorded.

    Attributes:
        since: Footage recorded then or later, as 2026-03-01 or 2026-03-01T06:00+01:00; UTC where
            no zone is given.
        until: Footage recorded before then.
    """

    since: datetime | None = None
    until: datetime | None = None

    def period(self) -> Period:
        """Return the options as the flows take them."""
        from tasks.parameters import Period

        return Period(since=_with_zone(self.since), until=_with_zone(self.until))


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChoice:
    """How normal footage is summed up.

    Attributes:
        by: One mean for all footage, one a camera, or one an hour of a camera's day
            [default: all].
        distances: Distances that the profile can score by [default: all that its shards allow].
        robust: Leave out videos that do not look like the rest of the normal footage.
        half_life_d: Days after which a frame counts for half [default: all count alike].
        keep_unhealthy: Learn also from stretches in which a camera was black, frozen, covered,
            blurred or moved.
    """

    by: Literal["all", "camera", "hour-of-day"] | None = None
    distances: Annotated[tuple[str, ...] | None, Many] = None
    robust: Annotated[bool, Flag] = False
    half_life_d: Annotated[float | None, Parameter(alias="--half-life")] = None
    keep_unhealthy: Annotated[bool, Flag] = False

    def options(self) -> ProfileOptions:
        """Return the options that were given as the flows take them."""
        from tasks.parameters import ProfileOptions

        known = asdict(self)
        return ProfileOptions(**{name: value for name, value in known.items() if _is_given(value)})


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class EventOptions:
    """How scores become events; a budget merges events, a number or a quantile leaves them raw.

    Attributes:
        smooth_s: Average scores over so many seconds; 0 is off.
        causal: Average over the seconds before a frame, not around it.
        hysteresis: Let an event go on above this share of the threshold; 1 is off.
        min_length_s: Drop shorter events.
        merge_gap_s: Make events with a shorter gap between them one.
        padding_s: Seconds added before and after each event.
    """

    smooth_s: float | None = None
    causal: Annotated[bool, Flag] = False
    hysteresis: float | None = None
    min_length_s: float | None = None
    merge_gap_s: float | None = None
    padding_s: float | None = None

    def scoring(self) -> Scoring:
        """Return the options that were given as the flows take them."""
        from tasks.parameters import Scoring

        known = asdict(self)
        return Scoring(**{name: value for name, value in known.items() if _is_given(value)})


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringOptions(EventOptions):
    """How footage is scored.

    Attributes:
        distance: What flags and events are judged by: mse, diagonal, mahalanobis, pca, knn or
            patch; mse is always reported [default: mse].
    """

    distance: str | None = None


def _is_given(value: object) -> bool:
    """Return whether an option was given; a 0 was."""
    return value is not None and value is not False


def _with_zone(moment: datetime | None) -> datetime | None:
    """Return a moment with a zone: UTC where it has none."""
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


DEFAULT_COMMON = Common()
DEFAULT_OUTPUT = Output()
DEFAULT_ENCODER = EncoderOptions()
DEFAULT_WORKERS = WorkerOptions()
DEFAULT_ARCHIVE = ArchiveOptions()
DEFAULT_PERIOD = PeriodOptions()
DEFAULT_PROFILE_OPTIONS = ProfileChoice()
DEFAULT_SCORING = ScoringOptions()
DEFAULT_EVENTS = EventOptions()

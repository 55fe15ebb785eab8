"""What a flow can be asked: the models behind Prefect's form and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from tasks.credentials import NoCredentials
from tasks.encoder.checkpoint import DEFAULT_MODEL, Checkpoint
from tasks.form import MOMENT, given, not_open, told
from tasks.normality.distances import DISTANCES, check_distance
from tasks.normality.events import EventRule
from tasks.normality.ladder import MISSION
from tasks.normality.scopes import By
from tasks.normality.thresholds import DEFAULT_THRESHOLD
from tasks.video.path_pattern import PRESETS, PathPattern

Address = Annotated[str, NoCredentials()]
Paths = Annotated[
    list[Address],
    BeforeValidator(given),
    Field(min_length=1),
    told("Files, folders (searched recursively) or glob patterns."),
]
NormalPaths = Annotated[
    list[Address],
    BeforeValidator(given),
    told(
        "Footage of normal days: the profile is built from it at first, and brought up to date "
        "when files are added. Without, the profile is used as it is."
    ),
]
Selectors = Annotated[
    list[Address],
    told("Paths, folders or globs of footage already embedded, or camera:NAME."),
]
WarehousePlace = Annotated[
    Address,
    AfterValidator(not_open),
    told("Folder, or s3://bucket/prefix, that holds everything nightjar keeps."),
]
ReportIds = Annotated[
    list[str], Field(min_length=1), told("Ids of reports: the names of their folders.")
]
_NAME = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
ProfileName = Annotated[str, told("Name of the profile of normal behaviour.", pattern=f"^{_NAME}$")]
ProfileSelector = Annotated[
    str, told("NAME for the newest version, or NAME@VERSION.", pattern=f"^{_NAME}(@[0-9]+)?$")
]
ProfileSelectors = Annotated[
    list[str], Field(min_length=1), told("Profiles, each NAME or NAME@VERSION.")
]
Verdicts = Annotated[
    dict[str, Literal["normal", "anomaly"]],
    Field(min_length=1),
    told("What each event was: normal or anomaly, by the event's id."),
]
ThresholdText = Annotated[
    str,
    told(
        "A number, quantile:Q of the normal footage's own scores, or budget:K/day: as high as it "
        "takes for normal footage to give K events a camera a day. auto is budget:1/day from a "
        "camera-day of normal footage on, and quantile:0.999 with less.",
        pattern=r"^(auto|quantile:(0?\.[0-9]+|[01](\.0+)?)|budget:[0-9.eE+-]+/(day|week)"
        r"|[+-]?[0-9.]+([eE][+-]?[0-9]+)?)$",
    ),
]
Thresholds = Annotated[
    list[str], Field(min_length=1), told("Thresholds to try, each as --threshold takes it.")
]
DistanceName = Annotated[str, Field(json_schema_extra={"enum": [*DISTANCES]})]
Distances = Annotated[
    list[DistanceName],
    told("Distances to try; all that the profile was built for unless told."),
]

Quiet = Annotated[bool, told("Write no report where there is nothing new.")]

DEFAULT_WAREHOUSE = "./warehouse"
DEFAULT_PROFILE = "default"
DEFAULT_PATCH_SKETCH = 8
DEFAULT_THRESHOLD_RULE = DEFAULT_THRESHOLD


class Archive(BaseModel):
    """How footage lies in its archive, and what of it is ready to be read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path_pattern: str | None = Field(
        None,
        description="What a path says of its file, as in {camera}/{start:%Y-%m-%d/%H.%M.%S}.mp4, "
        f"or one of {', '.join(sorted(PRESETS))}. Without, a camera is the name of its folder.",
    )
    timezone: str | None = Field(
        None, description="Zone of the times in paths, as in Europe/Berlin; UTC unless told."
    )
    settle_s: float = Field(
        60.0,
        ge=0,
        le=86_400,
        description="A file that changed within so many seconds is left for the next run.",
    )

    @model_validator(mode="after")
    def _check_pattern(self) -> Self:
        """Refuse a wrong grammar before anything starts."""
        if self.timezone and not self.path_pattern:
            raise ValueError("a timezone is that of the times in a path pattern: give one too")
        self.pattern  # noqa: B018 - reads it
        return self

    @property
    def pattern(self) -> PathPattern | None:
        """The path grammar asked for."""
        return PathPattern.parse(self.path_pattern, self.timezone) if self.path_pattern else None


class Period(BaseModel):
    """Which footage is meant, by when it was recorded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: AwareDatetime | None = Field(
        None, description="Recorded then or later.", json_schema_extra=MOMENT
    )
    until: AwareDatetime | None = Field(
        None, description="Recorded before then.", json_schema_extra=MOMENT
    )

    def holds(self, recorded_at: str | None) -> bool:
        """Return whether footage that begins at a moment, ISO 8601, is meant."""
        if self.since is None and self.until is None:
            return True
        if recorded_at is None:
            return False
        begin = datetime.fromisoformat(recorded_at)
        return not (self.since and begin < self.since) and not (self.until and begin >= self.until)

    def __str__(self) -> str:
        bounds = {"since": self.since, "until": self.until}
        return " ".join(f"{word} {at.isoformat()}" for word, at in bounds.items() if at) or "ever"


class ProfileOptions(BaseModel):
    """How normal footage is summed up in a profile."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: By = Field(
        "all",
        description="One mean for all footage, one a camera, or one an hour of a camera's day.",
    )
    distances: tuple[DistanceName, ...] | None = Field(
        None,
        description=f"Distances that the profile can score by, of {', '.join(DISTANCES)}; "
        "all that its shards allow unless told.",
    )
    robust: bool = Field(
        False, description="Leave out videos that do not look like the rest of the normal footage."
    )
    half_life_d: float | None = Field(
        None, gt=0, description="Days after which a frame counts for half; all alike unless told."
    )
    keep_unhealthy: bool = Field(
        False,
        description="Learn also from stretches in which a camera was black, frozen, moved …",
    )

    @field_validator("distances")
    @classmethod
    def _check_distances(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """Refuse an unknown distance; the mission's own is always among them."""
        if names is None:
            return None
        for name in names:
            check_distance(name)
        return tuple(name for name in DISTANCES if name in {*names, MISSION})

    def over(self, known: Mapping[str, Any]) -> ProfileOptions:
        """Return the options of another profile with those that were given here in their place."""
        return ProfileOptions(**{**known, **self.model_dump(include=self.model_fields_set)})


class Scoring(BaseModel):
    """How scores become events. What is left out is what the threshold's rule comes with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    distance: DistanceName = Field(
        MISSION,
        description=f"What flags and events are judged by: {', '.join(DISTANCES)}. "
        f"{MISSION} is always reported.",
    )
    smooth_s: float | None = Field(
        None, ge=0, le=3600, description="Scores are averaged over so many seconds; 0 is off."
    )
    causal: bool | None = Field(
        None, description="Average over the seconds before a frame, not around it."
    )
    hysteresis: float | None = Field(
        None,
        gt=0,
        le=1,
        description="An event goes on above this share of the threshold; 1 is off.",
    )
    min_length_s: float | None = Field(
        None, ge=0, le=3600, description="Shorter events are dropped."
    )
    merge_gap_s: float | None = Field(
        None, ge=0, le=86_400, description="Events with a shorter gap between them become one."
    )
    padding_s: float | None = Field(
        None, ge=0, le=3600, description="Seconds added before and after each event."
    )

    @field_validator("distance")
    @classmethod
    def _check_distance(cls, name: str) -> str:
        """Refuse an unknown distance before anything starts."""
        check_distance(name)
        return name

    def events(self, rule: EventRule) -> EventRule:
        """Return an event rule with what was asked for in its place."""
        return replace(rule, **self.model_dump(exclude={"distance"}, exclude_none=True))


class Encoding(BaseModel):
    """How footage becomes embeddings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Address = Field(DEFAULT_MODEL, description="Hub id or local folder of a VideoMAE.")
    revision: str | None = Field(
        None, description="Revision of the hub; the default checkpoint is pinned."
    )
    stride: int = Field(1, ge=1, le=10_000, description="Every N-th frame is sampled.")
    batch_size: int | None = Field(
        None,
        ge=1,
        le=4096,
        description="Clips that a GPU encodes at once, or found by itself; a CPU's core takes one.",
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto", description="Where the encoder runs."
    )
    preprocessing: Literal["processor", "fused"] = Field(
        "processor",
        description="Who resizes frames: the processor, or torch: faster, a grey level off.",
    )
    skip_static: float = Field(
        0.0,
        ge=0,
        le=255,
        description="Grey levels of 256 by which no block of pixels of a clip may be off from an "
        "earlier clip's, whose embeddings then stand for its own; 0 encodes all that moves.",
    )
    precision: Literal["float32", "float16", "bfloat16"] = Field(
        "float32", description="float16 keeps embeddings in half the space; bfloat16 is for GPUs."
    )
    decoder: Literal["auto", "decord", "pyav"] = Field(
        "auto", description="decord where it can be trusted and PyAV elsewhere, or one alone."
    )

    # 8 takes 2,900 bytes a row beside some 2,450, 16 takes 5,800 and gains little more: frame AUROC
    # with random weights, micro on UCSD Ped2 0.69 and 0.72 (mse 0.53), macro on CUHK Avenue 0.70
    # and 0.63 (mse 0.34). Embedding anew to have one costs far more than keeping it.
    patch_sketch: int = Field(
        DEFAULT_PATCH_SKETCH,
        ge=0,
        le=1024,
        description="Numbers kept of each patch beside an embedding: 2 bytes each, for distances "
        "that see where something is; 0 for none.",
    )

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint asked for."""
        return Checkpoint(self.model, self.revision)


DEFAULT_ENCODING = Encoding()
DEFAULT_ARCHIVE = Archive()
DEFAULT_OPTIONS = ProfileOptions()
DEFAULT_SCORING = Scoring()
EVER = Period()

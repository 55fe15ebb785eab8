"""What a flow can be asked: the models behind Prefect's form and the command line."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tasks.encoder.checkpoint import DEFAULT_MODEL, Checkpoint
from tasks.normality.thresholds import DEFAULT_THRESHOLD
from tasks.retention import What, parse_age
from tasks.video.path_pattern import PRESETS, PathPattern

Paths = Annotated[
    list[str],
    Field(min_length=1, description="Files, folders (searched recursively) or glob patterns."),
]
Selectors = Annotated[
    list[str],
    Field(description="Paths, folders or globs of footage already embedded, or camera:NAME."),
]
WarehousePlace = Annotated[
    str, Field(description="Folder, or s3://bucket/prefix, that holds everything nightjar keeps.")
]
ReportIds = Annotated[
    list[str], Field(min_length=1, description="Ids of reports: the names of their folders.")
]
ProfileName = Annotated[str, Field(description="Name of the profile of normal behaviour.")]
ProfileSelector = Annotated[str, Field(description="NAME for the newest version, or NAME@VERSION.")]
ThresholdText = Annotated[
    str,
    Field(description="A number, or quantile:Q of the normal footage's own scores."),
]

KeepUnhealthy = Annotated[
    bool,
    Field(description="Learn also from stretches in which a camera was black, frozen, moved …"),
]

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


class Retention(BaseModel):
    """What is old enough to go."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    older_than: str = Field(
        description="What is older goes: 12h, 30d or 8w. A video is as old as its recording."
    )
    cameras: list[str] = Field(
        default=[], description="Videos of these cameras alone, and reports about them alone."
    )
    what: What = Field("all", description="Embeddings, reports, or both.")

    @field_validator("older_than")
    @classmethod
    def _check_age(cls, text: str) -> str:
        """Refuse a wrong age before anything starts."""
        parse_age(text)
        return text

    @property
    def age(self) -> timedelta:
        """The age asked for."""
        return parse_age(self.older_than)


class Encoding(BaseModel):
    """How footage becomes embeddings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(DEFAULT_MODEL, description="Hub id or local folder of a VideoMAE.")
    revision: str | None = Field(
        None, description="Revision of the hub; the default checkpoint is pinned."
    )
    stride: int = Field(1, ge=1, le=10_000, description="Every N-th frame is sampled.")
    batch_size: int = Field(8, ge=1, le=4096, description="Clips encoded at once.")
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        "auto", description="Where the encoder runs."
    )
    precision: Literal["float32", "float16"] = Field(
        "float32", description="Number format in which embeddings are kept; float16 takes half."
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

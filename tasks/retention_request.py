"""What retention can be asked for: the model behind Prefect's form and the command line."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tasks.retention import What, parse_age


class Retention(BaseModel):
    """What is old enough to go."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    older_than: str = Field(
        description="What is older goes: 12h, 30d or 8w. A video is as old as its recording.",
        json_schema_extra={"pattern": "^ *[0-9]{1,9}[hdw] *$"},
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

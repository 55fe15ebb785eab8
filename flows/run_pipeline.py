"""The whole job: footage in, anomaly report out."""

from __future__ import annotations

from dataclasses import replace

from prefect import flow

from flows.build_profile import build_profile
from flows.embed_clips import embed_clips
from flows.extract_clips import extract_clips
from flows.score_footage import score_footage
from tasks.checking import check_request
from tasks.parameters import (
    DEFAULT_PROFILE,
    DEFAULT_THRESHOLD_RULE,
    DEFAULT_WAREHOUSE,
    Archive,
    Encoding,
    KeepUnhealthy,
    Paths,
    ProfileName,
    ThresholdText,
    WarehousePlace,
)
from tasks.profiling import check_normal
from tasks.scoring import ReportSummary

DEFAULT_ENCODING = Encoding()
DEFAULT_ARCHIVE = Archive()


@flow(name="run-pipeline")
def run_pipeline(
    normal: Paths,
    footage: Paths,
    warehouse: WarehousePlace = DEFAULT_WAREHOUSE,
    encoding: Encoding = DEFAULT_ENCODING,
    profile: ProfileName = DEFAULT_PROFILE,
    threshold: ThresholdText = DEFAULT_THRESHOLD_RULE,
    archive: Archive = DEFAULT_ARCHIVE,
    keep_unhealthy: KeepUnhealthy = False,
) -> ReportSummary:
    """Extract, embed, profile, score and report in one go; what is there already is not redone."""
    check_request(warehouse, encoding, profile, threshold)
    extract_clips([*normal, *footage], warehouse, encoding, archive)
    check_normal(warehouse, normal)
    embedded = embed_clips(warehouse, encoding, [*normal, *footage], present=True)
    built = build_profile(
        normal, profile, warehouse, encoding, present=True, keep_unhealthy=keep_unhealthy
    )
    report = score_footage(
        f"{built.name}@{built.version}", footage, warehouse, threshold, present=True, normal=normal
    )
    return replace(report, embedded_clips=embedded.clips)

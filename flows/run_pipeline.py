"""The whole job: footage in, anomaly report out."""

from __future__ import annotations

from dataclasses import replace

from prefect import flow

from flows.build_profile import build_profile
from flows.embed_clips import embed_clips
from flows.extract_clips import extract_clips
from flows.score_footage import score_footage
from tasks.checking import check_request
from tasks.normal_choice import check_normal
from tasks.parameters import (
    DEFAULT_ARCHIVE,
    DEFAULT_ENCODING,
    DEFAULT_OPTIONS,
    DEFAULT_PROFILE,
    DEFAULT_SCORING,
    DEFAULT_THRESHOLD_RULE,
    DEFAULT_WAREHOUSE,
    Archive,
    Encoding,
    Paths,
    ProfileName,
    ProfileOptions,
    Scoring,
    ThresholdText,
    WarehousePlace,
)
from tasks.scoring import ReportSummary
from tasks.watching import WATCHED
from tasks.worker_choice import Workers


@flow(name="run-pipeline", **WATCHED)
def run_pipeline(
    normal: Paths,
    footage: Paths,
    warehouse: WarehousePlace = DEFAULT_WAREHOUSE,
    encoding: Encoding = DEFAULT_ENCODING,
    profile: ProfileName = DEFAULT_PROFILE,
    threshold: ThresholdText = DEFAULT_THRESHOLD_RULE,
    archive: Archive = DEFAULT_ARCHIVE,
    options: ProfileOptions = DEFAULT_OPTIONS,
    scoring: Scoring = DEFAULT_SCORING,
    workers: Workers = None,
) -> ReportSummary:
    """Extract, embed, profile, score and report in one go; what is there already is not redone."""
    check_request(warehouse, encoding, profile, threshold, options, scoring, workers)
    extract_clips([*normal, *footage], warehouse, encoding, archive)
    check_normal(warehouse, normal)
    embedded = embed_clips(warehouse, encoding, [*normal, *footage], present=True, workers=workers)
    built = build_profile(normal, profile, warehouse, encoding, present=True, options=options)
    report = score_footage(
        built.selector, footage, warehouse, threshold, present=True, normal=normal, scoring=scoring
    )
    return replace(report, embedded_clips=embedded.clips)

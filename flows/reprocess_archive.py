"""Embed a part of an archive anew, beside what there is, and score it when it is whole."""

from __future__ import annotations

from prefect import flow

from flows.build_profile import build_profile
from flows.embed_clips import embed_clips
from flows.extract_clips import extract_clips
from tasks.archive_part import ArchivePart
from tasks.checking import check_request
from tasks.embedding import identify
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
    NormalPaths,
    Paths,
    ProfileName,
    ProfileOptions,
    Scoring,
    ThresholdText,
    WarehousePlace,
)
from tasks.reprocessing import Reprocessed, find_version_by, give_way, take_stock
from tasks.run_names import name_reprocessing
from tasks.scoring import write_report
from tasks.watching import WATCHED
from tasks.worker_choice import Workers

WHOLE = ArchivePart()


@flow(name="reprocess-archive", flow_run_name=name_reprocessing, **WATCHED)
def reprocess_archive(
    footage: Paths,
    part: ArchivePart = WHOLE,
    normal: NormalPaths = [],  # noqa: B006 - Prefect shows it in its form, nobody changes it
    warehouse: WarehousePlace = DEFAULT_WAREHOUSE,
    encoding: Encoding = DEFAULT_ENCODING,
    profile: ProfileName = DEFAULT_PROFILE,
    threshold: ThresholdText = DEFAULT_THRESHOLD_RULE,
    archive: Archive = DEFAULT_ARCHIVE,
    scoring: Scoring = DEFAULT_SCORING,
    options: ProfileOptions = DEFAULT_OPTIONS,
    workers: Workers = None,
) -> Reprocessed:
    """Embed footage by cameras and time; with normal footage, score it when all is embedded."""
    give_way()
    check_request(warehouse, encoding, profile, threshold, options, scoring, workers)
    identity = identify(encoding)
    extract_clips(footage, warehouse, encoding, archive, part)
    clips = 0
    if normal:
        extract_clips(normal, warehouse, encoding, archive)
        check_normal(warehouse, normal)
        clips += embed_clips(warehouse, encoding, normal, present=True, workers=workers).clips
    clips += embed_clips(warehouse, encoding, footage, True, part, workers).clips
    stock = take_stock(warehouse, identity, footage, normal, archive, part)
    if stock.missing or not normal:
        return stock.outcome(identity, clips, None)
    known = find_version_by(warehouse, profile, identity)
    update = known is not None
    built = build_profile(normal, profile, warehouse, encoding, update, True, options)
    report = write_report(warehouse, built.ref, threshold, stock.to_score, scoring)
    return stock.outcome(identity, clips, report)

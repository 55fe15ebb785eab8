"""Every night: what is new in the footage is scored and reported."""

from __future__ import annotations

from prefect import flow

from flows.build_profile import build_profile
from flows.embed_clips import embed_clips
from flows.extract_clips import extract_clips
from tasks.checking import check_request
from tasks.embedding import identify
from tasks.nights import (
    NightSummary,
    find_own_version,
    leave_out_reported,
    publish_night,
    remember_night,
    sum_up_night,
    turn_of,
)
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
    Quiet,
    Scoring,
    ThresholdText,
    WarehousePlace,
)
from tasks.run_names import name_night
from tasks.scoring import choose_scored, write_report
from tasks.watching import WATCHED
from tasks.worker_choice import Workers


@flow(name="run-nightly", flow_run_name=name_night, **WATCHED)
def run_nightly(
    footage: Paths,
    profile: ProfileName = DEFAULT_PROFILE,
    normal: NormalPaths = [],  # noqa: B006 - Prefect shows it in its form, nobody changes it
    warehouse: WarehousePlace = DEFAULT_WAREHOUSE,
    threshold: ThresholdText = DEFAULT_THRESHOLD_RULE,
    archive: Archive = DEFAULT_ARCHIVE,
    scoring: Scoring = DEFAULT_SCORING,
    options: ProfileOptions = DEFAULT_OPTIONS,
    encoding: Encoding = DEFAULT_ENCODING,
    quiet: Quiet = False,
    workers: Workers = None,
) -> NightSummary:
    """Embed what is new, bring the profile up to date, and report what no night has reported."""
    check_request(warehouse, encoding, profile, threshold, options, scoring, workers)
    version = find_own_version(warehouse, profile, identify(encoding), normal)
    extract_clips([*normal, *footage], warehouse, encoding, archive)
    if normal:
        check_normal(warehouse, normal)
    everything = [*normal, *footage]
    clips = embed_clips(warehouse, encoding, everything, present=True, workers=workers).clips
    if normal or version is None:
        update = version is not None
        built = build_profile(normal, profile, warehouse, encoding, update, True, options)
        version = built.ref
    chosen = choose_scored(warehouse, version, footage, True, normal)
    report = None
    with turn_of(warehouse, profile):  # or a night at the same time would report the same files
        new = leave_out_reported(warehouse, profile, chosen)
        if new.scored or new.quarantined or not quiet:
            report = write_report(warehouse, version, threshold, new, scoring, only_new=True)
            remember_night(warehouse, profile, report, new)
    night = sum_up_night(version, new, clips, report)
    publish_night(night)
    return night

"""What can be told to be wrong before any work starts."""

from __future__ import annotations

from prefect import task

from storage.profiles import check_name
from storage.warehouse import Warehouse
from tasks.crew import check_workers_answer
from tasks.encoder.device import choose_device
from tasks.normality.errors import MissingStatisticsError
from tasks.normality.patch_distance import Patches
from tasks.normality.thresholds import threshold_rule
from tasks.parameters import Encoding, ProfileOptions, Scoring
from tasks.retrying import STEP
from tasks.worker_choice import are_elsewhere


@task(**STEP)
def check_request(
    place: str,
    encoding: Encoding,
    profile: str,
    threshold: str,
    options: ProfileOptions,
    scoring: Scoring,
    workers: str | None = None,
) -> None:
    """Refuse what cannot work: hours of encoding should not end at a misspelt threshold."""
    threshold_rule(threshold, camera_days=0)
    if options.distances is not None and scoring.distance not in options.distances:
        raise MissingStatisticsError(
            f"the profile would be built for the distances {', '.join(options.distances)}, and "
            f"footage scored by {scoring.distance}: add it to --distances"
        )
    if scoring.distance == Patches.name and not encoding.patch_sketch:
        raise MissingStatisticsError(
            "the distance patch needs a sketch of every patch: embed with --patch-sketch K"
        )
    check_name(profile)
    Warehouse.at(place).check_writable()
    check_workers_answer(workers)
    if not are_elsewhere(workers):  # else they say which devices there are
        choose_device(encoding.device)

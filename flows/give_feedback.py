"""Take in what people say of events, and learn from it."""

from __future__ import annotations

from prefect import flow

from tasks.feedback import Learned, compare_alarms, take_feedback
from tasks.normal_choice import add_confirmed, known_lineage, normal_in
from tasks.parameters import DEFAULT_WAREHOUSE, ProfileOptions, Verdicts, WarehousePlace
from tasks.profiling import commit_profile
from tasks.watching import WATCHED


@flow(name="give-feedback", **WATCHED)
def give_feedback(
    verdicts: Verdicts, warehouse: WarehousePlace = DEFAULT_WAREHOUSE
) -> list[Learned]:
    """Record verdicts, build the profiles anew, and say which alarms vanish or appear."""
    learned = []
    for name, reports in take_feedback(warehouse, verdicts).items():
        known = known_lineage(warehouse, name)
        videos = add_confirmed(warehouse, name, normal_in(warehouse, [known]))
        options = ProfileOptions(**known.options)
        built = commit_profile(warehouse, name, videos, options, "feedback")
        changes = [compare_alarms(warehouse, built, report_id) for report_id in reports]
        learned.append(Learned(built, tuple(changes)))
    return learned

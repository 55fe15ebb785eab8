"""The commands that work with profiles of normal behaviour."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from cyclopts import App, Parameter

from flows.command_line.console import session, show
from flows.command_line.options import (
    DEFAULT_COMMON,
    DEFAULT_ENCODER,
    DEFAULT_PERIOD,
    DEFAULT_PROFILE_OPTIONS,
    Common,
    EncoderOptions,
    Flag,
    Many,
    PeriodOptions,
    ProfileChoice,
)
from flows.command_line.profile_results import (
    built_result,
    difference_lines,
    list_lines,
    view_lines,
)

profile = App(name="profile", help="Build, change and see profiles of normal behaviour.")

Selectors = Annotated[list[str], Parameter(consume_multiple=True, negative="")]


@profile.default
@profile.command
def build(
    *,
    normal: Annotated[list[str], Many],
    profile: str = "default",
    update: Annotated[bool, Flag] = False,
    options: ProfileChoice = DEFAULT_PROFILE_OPTIONS,
    period: PeriodOptions = DEFAULT_PERIOD,
    encoder: EncoderOptions = DEFAULT_ENCODER,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Build a profile version from the shards of normal footage; 'build' may be left out.

    Args:
        normal: Normal footage that is embedded: paths, folders, globs or camera:NAME.
        profile: Name of the profile.
        update: Keep the normal footage of the newest version too, as 'profile update' does.
    """
    with session(common):
        from flows.build_profile import build_profile

        built = build_profile(
            normal,
            profile,
            common.warehouse,
            encoder.encoding() if encoder.given() else None,
            update,
            options=options.options(),
            period=period.period(),
        )
    show(*built_result(built), common.json)


@profile.command
def update(
    *,
    normal: Annotated[list[str], Many],
    profile: str = "default",
    options: ProfileChoice = DEFAULT_PROFILE_OPTIONS,
    period: PeriodOptions = DEFAULT_PERIOD,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Build a version from the footage of the newest one and more; its options stay unless given.

    Args:
        normal: Normal footage that is embedded: paths, folders, globs or camera:NAME.
        profile: Name of the profile.
    """
    build(
        normal=normal, profile=profile, update=True, options=options, period=period, common=common
    )


@profile.command
def merge(
    profiles: Selectors,
    /,
    *,
    profile: str,
    options: ProfileChoice = DEFAULT_PROFILE_OPTIONS,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Build a profile of all that went into others; footage that several have counts once.

    Args:
        profiles: Profiles, each NAME or NAME@VERSION; options not given are those of the first.
        profile: Name of the profile to build.
    """
    with session(common):
        from flows.merge_profiles import merge_profiles

        built = merge_profiles(profiles, profile, common.warehouse, options.options())
    show(*built_result(built), common.json)


@profile.command
def subtract(
    source: str,
    /,
    *,
    normal: Annotated[list[str], Many],
    profile: str,
    options: ProfileChoice = DEFAULT_PROFILE_OPTIONS,
    period: PeriodOptions = DEFAULT_PERIOD,
    common: Common = DEFAULT_COMMON,
) -> None:
    """Build a profile of what went into another, but for a video, a day or a camera.

    Args:
        source: The other profile: NAME or NAME@VERSION.
        normal: Footage to leave out: paths, folders, globs or camera:NAME.
        profile: Name of the profile to build.
    """
    with session(common):
        from flows.subtract_footage import subtract_footage

        built = subtract_footage(
            source, normal, profile, common.warehouse, options.options(), period.period()
        )
    show(*built_result(built), common.json)


@profile.command
def diff(before: str, after: str, /, *, common: Common = DEFAULT_COMMON) -> None:
    """Compare two versions: their footage, their means, their thresholds.

    Args:
        before: NAME or NAME@VERSION.
        after: NAME or NAME@VERSION.
    """
    with session(common):
        from flows.compare_profiles import compare_profiles

        found = compare_profiles(before, after, common.warehouse)
    show(asdict(found), difference_lines(found), common.json)


@profile.command(name="list")
def list_(*, common: Common = DEFAULT_COMMON) -> None:
    """Show every version of every profile."""
    with session(common):
        from flows.list_profiles import list_profiles

        listed = list_profiles(common.warehouse)
    document = {"profiles": [asdict(entry) for entry in listed]}
    show(document, list_lines(listed), common.json)


@profile.command(name="show")
def show_(profile: str = "default", /, *, common: Common = DEFAULT_COMMON) -> None:
    """Show what a version holds: its cameras, thresholds, and the footage that it comes from.

    Args:
        profile: NAME or NAME@VERSION.
    """
    with session(common):
        from flows.show_profile import show_profile

        view = show_profile(profile, common.warehouse)
    show(asdict(view), view_lines(view), common.json)

from __future__ import annotations

import pytest

from tasks.video.path_pattern import PRESETS, PathPattern

# Paths as products write them; the camera and the moment, in UTC, that its preset takes from each.
EXAMPLES: dict[str, dict[str, tuple[str | None, str]]] = {
    "frigate": {
        "/media/frigate/recordings/2023-04-26/17/front_door/06.56.mp4": (
            "front_door",
            "2023-04-26T17:06:56",
        ),
        "/mnt/nas/2026-03-01/00/gate/59.50.mp4": ("gate", "2026-03-01T00:59:50"),
    },
    "blueiris": {
        "/BlueIris/New/FrontYardDW.20260301_140530.mp4": ("FrontYardDW", "2026-03-01T14:05:30"),
        "/clips/gate/gate.west.20260301_000000.AVI": ("gate.west", "2026-03-01T00:00:00"),
    },
    "dahua": {
        "/FTP/AMC0028V_795UUB/2021-03-06/001/dav/10/10.27.32-10.28.00[M][0@0][0].dav": (
            "AMC0028V_795UUB",
            "2021-03-06T10:27:32",
        ),
        "/ftp/gate/2019-05-09/001/dav/21/21.04.49-21.05.14[M][0@0][0].mp4": (
            "gate",
            "2019-05-09T21:04:49",
        ),
        "/FTP/cam-07/AMC01848_F01N44/2021-03-06/10hour/mp4/10.22.28-10.22.55[M][0@0][0].mp4": (
            "AMC01848_F01N44",
            "2021-03-06T10:22:28",
        ),
    },
    "dahua-nvr": {
        "/mnt/dvr/2026-09-13/002/dav/00/00.44.33-00.44.57[M][0@0][0].dav": (
            "002",
            "2026-09-13T00:44:33",
        ),
        "/mnt/dvr/2026-05-02/0/dav/01/1/0/627506/01.30.00-02.00.00[R][0@0][0].dav": (
            "0",
            "2026-05-02T01:30:00",
        ),
        "/export/NVR_ch1_main_20230619064223_20230619064228.dav": (
            "NVR_ch1",
            "2023-06-19T06:42:23",
        ),
    },
    "foscam": {
        "/raw/FI9805E_C4D65535806E/record/alarm_20151018_093118.mkv": (
            "FI9805E_C4D65535806E",
            "2015-10-18T09:31:18",
        ),
        "/home/pi/FTP/cam1/FI9900P_00626E/record/MDalarm_20180812_100109.mkv": (
            "FI9900P_00626E",
            "2018-08-12T10:01:09",
        ),
    },
    "mediamtx": {
        "/srv/recordings/live/gate/2026-03-01_14-05-30-123456.mp4": (
            "live/gate",
            "2026-03-01T14:05:30.123456",
        ),
        "/srv/archive/gate/2026-03-01_14-05-30-000000.ts": ("gate", "2026-03-01T14:05:30"),
    },
    "motion": {
        "/var/lib/motion/01-20260301140530.mkv": (None, "2026-03-01T14:05:30"),
        "/var/lib/motion/cam1/1234-20260301140530.mp4": (None, "2026-03-01T14:05:30"),
    },
    "motioneye": {
        "/var/lib/motioneye/Camera1/2026-03-01/14-05-30.mp4": ("Camera1", "2026-03-01T14:05:30"),
        "/data/gate/2026-12-31/23-59-59.avi": ("gate", "2026-12-31T23:59:59"),
    },
    "reolink": {
        "/ftp/2021/03/15/Camera BE_01_20210315004528.mp4": ("Camera BE_01", "2021-03-15T00:45:28"),
        "/ftp/cam/2021/03/13/Cam_20210313090000.mp4": ("Cam", "2021-03-13T09:00:00"),
        "/sd/gate/Mp4Record/2020-12-22/RecM01_20201222_075939_080140_6D28808_1A468F9.mp4": (
            "gate",
            "2020-12-22T07:59:39",
        ),
        "/U-GATE/Mp4Record/2024-08-27/RecM02_DST20240827_090302_090334_0_800_800_033C_61B6F0.mp4": (
            "U-GATE",
            "2024-08-27T09:03:02",
        ),
    },
    "shinobi": {
        "/home/Shinobi/videos/2Df5hBE/gate/2026-03-01T14-05-30.mp4": (
            "gate",
            "2026-03-01T14:05:30",
        ),
        "/videos/g/kRnHKU1jKp/2026-03-01T00-00-00.webm": ("kRnHKU1jKp", "2026-03-01T00:00:00"),
    },
    "synology": {
        "/volume1/surveillance/Family Room/20170307AM/Family Room20170307-084321-1488897801.mp4": (
            "Family Room",
            "2017-03-07T14:43:21",
        ),
        "/volume1/surveillance/Gate/20260301PM/Gate-20260301-150530-1772373930.mp4": (
            "Gate",
            "2026-03-01T14:05:30",
        ),
    },
    "unifi": {
        "/export/2026/03/01/Gate (1a2b)/Gate (1a2b) - 2026-03-01 - 15.05.30+0100.mp4": (
            "Gate (1a2b)",
            "2026-03-01T14:05:30",
        ),
        "/export/Front Door - 2-9-2020, 11.21.12pm.mp4": ("Front Door", "2020-02-09T23:21:12"),
    },
    "xiaomi": {
        "/nas/xiaomi_camera_videos/78DF72BBDC20/2025051223/52M00S_1747065120.mp4": (
            "78DF72BBDC20",
            "2025-05-12T15:52:00",
        ),
        "/sd/MIJIA_RECORD_VIDEO/2021072323/00M03S_1627052403.mp4": (
            "MIJIA_RECORD_VIDEO",
            "2021-07-23T15:00:03",
        ),
    },
    "zoneminder": {
        "/var/cache/zoneminder/events/1/26/03/01/14/05/30/4711-video.mp4": (
            "1",
            "2026-03-01T14:05:30",
        ),
        "/events/12/19/12/31/23/59/59/8-video.h264.mp4": ("12", "2019-12-31T23:59:59"),
    },
}


@pytest.mark.parametrize(
    ("name", "path", "camera", "moment"),
    [(name, path, *told) for name, examples in EXAMPLES.items() for path, told in examples.items()],
)
def test_a_preset_reads_what_its_product_writes(
    name: str, path: str, camera: str | None, moment: str
) -> None:
    facts = PathPattern.parse(name).match(path)
    assert facts is not None
    assert facts.start is not None
    assert (facts.camera, facts.start.isoformat()) == (camera, f"{moment}+00:00")


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_two_examples_and_a_line_that_describes_it(name: str) -> None:
    assert len(EXAMPLES[name]) >= 2
    assert PRESETS[name].description
    assert "\n" not in PRESETS[name].description


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_reads_no_path_of_another_form(name: str) -> None:
    pattern = PathPattern.parse(name)
    for path in ("/", "/gate/x.mp4", "/gate/2026-03-01/hiv00001.mp4", "/gate/20261301250000.mp4"):
        assert pattern.match(path) is None


def test_a_preset_brings_its_timezone_and_another_can_be_given() -> None:
    assert PathPattern.parse("frigate").timezone == "UTC"
    assert PathPattern.parse("reolink").timezone == "UTC"
    assert PathPattern.parse("reolink", "Europe/Berlin").timezone == "Europe/Berlin"
    facts = PathPattern.parse("reolink", "Europe/Berlin").match("/Cam_01_20260701120000.mp4")
    assert facts is not None
    assert facts.start is not None
    assert facts.start.isoformat() == "2026-07-01T10:00:00+00:00"


@pytest.mark.parametrize("name", ["synology", "xiaomi"])
def test_a_preset_of_unix_time_needs_no_timezone(name: str) -> None:
    for path in EXAMPLES[name]:
        elsewhere = PathPattern.parse(name, "Asia/Tokyo")
        assert elsewhere.match(path) == PathPattern.parse(name).match(path)

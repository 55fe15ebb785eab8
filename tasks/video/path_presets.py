"""How recorders that many sites have lay out their files, and where each layout is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Preset:
    """The layout of one product.

    Attributes:
        grammars: Tried in this order.
        timezone: IANA name of the zone that the product writes, or None where it writes the local
            time of its site, which nothing but the site knows.
        description: One line for whoever has to choose.
    """

    grammars: tuple[str, ...]
    timezone: str | None
    description: str


# Not here: Hikvision, whose recorders and cameras number their files (hiv00001.mp4) and keep the
# times in an index; ZoneMinder's "medium" and "shallow" storage, whose paths tell no time of day.
PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        # frigate: docs/docs/configuration/record.md, "YYYY-MM-DD/HH/<camera_name>/MM.SS.mp4 in UTC
        # time", and frigate/record/maintainer.py. (Up to 0.11 it wrote the local time, as
        # {start:%Y-%m/%d/%H}/{camera}/{start:%M.%S}.mp4.)
        "frigate": Preset(
            ("{start:%Y-%m-%d/%H}/{camera}/{start:%M.%S}.mp4",),
            "UTC",
            "Frigate 0.12 and later: recordings/2026-03-01/14/gate/05.30.mp4",
        ),
        # blueiris: its help, "Recordings and clips" (camlocus.com/docs/recording-and-clips):
        # "&CAM.%Y%m%d_%H%M%S", to be kept at the end of any other file name format.
        "blueiris": Preset(
            ("{camera}.{start:%Y%m%d_%H%M%S}.*",),
            None,
            "Blue Iris, default clip name: gate.20260301_140530.mp4",
        ),
        # dahua: github.com/shawnburke/amcrest-viewer, ingest/amcrest_test.go, and
        # github.com/chadly/cams, src/AmcrestCamera.cs (Amcrest sells Dahua's cameras); the form
        # with "hour" is the Amcrest IP3M-943's.
        "dahua": Preset(
            (
                "{camera}/{start:%Y-%m-%d}/*/dav/*/{start:%H.%M.%S}-*.*",
                "{camera}/{start:%Y-%m-%d}/*hour/mp4/{start:%H.%M.%S}-*.*",
            ),
            None,
            "Dahua and Amcrest cameras, card or FTP: "
            "gate/2026-03-01/001/dav/14/14.05.30-14.10.00[M][0@0][0].dav",
        ),
        # dahua-nvr: the same folders, in which a recorder numbers its channels; the names of files
        # as downloaded are those in unrelated public projects, no page of the maker's has them.
        "dahua-nvr": Preset(
            (
                "{start:%Y-%m-%d}/{camera}/dav/**/{start:%H.%M.%S}-*.*",
                "{camera}_main_{start:%Y%m%d%H%M%S}_*.*",
            ),
            None,
            "Dahua recorders, a camera a channel: "
            "2026-03-01/002/dav/14/14.05.30-14.10.00[R][0@0][0].dav, or as downloaded: "
            "NVR_ch2_main_20260301140530_20260301141000.dav",
        ),
        # foscam: README.md of github.com/chadly/cams; github.com/hdaniel/pi_files, clean_files.sh.
        "foscam": Preset(
            ("{camera}/record/*alarm_{start:%Y%m%d_%H%M%S}.*",),
            None,
            "Foscam cameras, FTP: FI9805E_C4D65535806E/record/MDalarm_20260301_140530.mkv",
        ),
        # mediamtx: recordPath in mediamtx.yml, "./recordings/%path/%Y-%m-%d_%H-%M-%S-%f"; a path
        # may be several folders. Local time: internal/recordstore/path.go.
        "mediamtx": Preset(
            (
                "recordings/{camera:path}/{start:%Y-%m-%d_%H-%M-%S-%f}.*",
                "{camera}/{start:%Y-%m-%d_%H-%M-%S-%f}.*",
            ),
            None,
            "MediaMTX, default recordPath: recordings/site/gate/2026-03-01_14-05-30-123456.mp4",
        ),
        # motion: movie_filename in src/conf.c, DEF_MOVIEPATH in src/motion.h of
        # github.com/Motion-Project/motion: "%v-%Y%m%d%H%M%S", where %v counts events.
        "motion": Preset(
            ("*-{start:%Y%m%d%H%M%S}.*",),
            None,
            "Motion, default movie_filename, no camera in it: 01-20260301140530.mkv",
        ),
        # motioneye: movie_filename in motioneye/config.py, github.com/motioneye-project/motioneye.
        "motioneye": Preset(
            ("{camera}/{start:%Y-%m-%d/%H-%M-%S}.*",),
            None,
            "motionEye, default movie file name: Camera1/2026-03-01/14-05-30.mp4",
        ),
        # reolink: github.com/kappmeier/reolink-cam-site, src/reolink_cam_site/cam_file.py (FTP);
        # parse_file_name in reolink_aio/typings.py of github.com/starkillerOG/reolink_aio.
        "reolink": Preset(
            (
                "{camera}_{start:%Y%m%d%H%M%S}.*",
                "{camera}/Mp4Record/{start:%Y-%m-%d}/Rec*{start:%Y%m%d_%H%M%S}_*.*",
            ),
            None,
            "Reolink, FTP: 2026/03/01/Gate_01_20260301140530.mp4, "
            "or card or hub: "
            "gate/Mp4Record/2026-03-01/RecM01_20260301_140530_141000_6D28808_1A468F9.mp4",
        ),
        # shinobi: x.segment in libs/ffmpeg.js, "%Y-%m-%dT%H-%M-%S", and s.getVideoDirectory in
        # libs/videos.js (group, then monitor); read in the copy github.com/dcondomitti/shinobi.
        "shinobi": Preset(
            ("{camera}/{start:%Y-%m-%dT%H-%M-%S}.*",),
            None,
            "Shinobi: videos/group/monitor/2026-03-01T14-05-30.mp4",
        ),
        # synology: "path" in what SYNO.SurveillanceStation.Event answers to List,
        # "20170307AM/Family Room20170307-084321-1488897801.mp4"; the last number is startTime.
        "synology": Preset(
            ("{camera}/{start:%Y%m%d%p}/*{start:%Y%m%d-%H%M%S-%s}.*",),
            "UTC",
            "Synology Surveillance Station: Gate/20260301PM/Gate-20260301-140530-1772373930.mp4",
        ),
        # unifi: protect_archiver/downloader/download_footage.py of
        # github.com/danielfernau/unifi-protect-video-downloader; its issue 14 has the names of the
        # web interface.
        "unifi": Preset(
            (
                "{camera} - {start:%Y-%m-%d - %H.%M.%S%z}.*",
                "{camera} - {start:%-m-%-d-%Y, %-I.%-M.%-S%p}.*",
            ),
            None,
            "UniFi Protect, by protect-archiver: Gate (1a2b) - 2026-03-01 - 14.05.30+0100.mp4, "
            "or by the web interface: Gate - 3-1-2026, 2.05.30pm.mp4",
        ),
        # xiaomi: issue 1 of github.com/tasy5kg/MiCameraVideoExporter; the number is Unix time.
        "xiaomi": Preset(
            ("{camera}/{start:%Y%m%d%H}/{start:%MM%SS_%s}.*",),
            "UTC",
            "Xiaomi cameras, card or NAS: 04cf8c000000/2026030114/05M30S_1772373930.mp4",
        ),
        # zoneminder: Event::SetPath in src/zm_event.cpp of github.com/ZoneMinder/zoneminder.
        "zoneminder": Preset(
            ("{camera}/{start:%y/%m/%d/%H/%M/%S}/*-video.*",),
            None,
            "ZoneMinder, deep storage: events/1/26/03/01/14/05/30/4711-video.mp4",
        ),
    }
)

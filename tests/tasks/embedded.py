"""Footage that is embedded already, by an encoder that nobody has to run, and what flows do to it.

Tasks are called in turn, as flows call them, without Prefect.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from storage.calibration import CalibrationRows, read_calibration
from storage.footage import Sighting, record_sighting
from storage.profile_content import ProfileContent, read_content
from storage.profiles import ProfileRef
from storage.reports import Report, read_report
from storage.shards import ShardKey, ShardRows, index_shards, write_shard
from storage.videos import VideoRecord, write_video
from storage.warehouse import Warehouse
from tasks.feedback import Learned, compare_alarms, take_feedback
from tasks.normal_choice import (
    add_confirmed,
    add_normal,
    choose_normal,
    known_lineage,
    normal_in,
    take_away,
)
from tasks.parameters import Period, ProfileOptions, Scoring
from tasks.profile_use import ProfileInUse
from tasks.profiling import BuiltProfile, commit_profile
from tasks.recording import Recording
from tasks.row_scoring import ScoredRows, VideoToScore, score_rows
from tasks.scoring import choose_scored, find_version, write_report

ENCODER_ID = "videomae-t16u2s1-0123456789ab"
FPS = 25
EVER = Period()


@dataclass(frozen=True)
class Seen:
    """A video of a test: its embeddings, one row a tubelet of two frames.

    Attributes:
        video_id: Made of its name.
        path: Its folder is its camera.
        rows: Shape (n, D).
        patches: Shape (n, P, K), or None.
        frames: 2 n, or one less.
        recorded_at: When it begins, or None.
    """

    video_id: str
    camera: str
    path: str
    rows: npt.NDArray[Any]
    patches: npt.NDArray[np.float16] | None
    frames: int
    recorded_at: str | None

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        return np.arange(0, self.frames, 2)

    @property
    def weights(self) -> npt.NDArray[np.int64]:
        return np.minimum(self.starts + 2, self.frames) - self.starts

    @property
    def by_frame(self) -> npt.NDArray[np.float64]:
        """One row a frame, shape (N, D)."""
        return np.repeat(self.rows.astype(np.float64), self.weights, axis=0)


@dataclass(frozen=True)
class Archive:
    """A warehouse of a test."""

    warehouse: Warehouse
    encoder_id: str = ENCODER_ID

    @classmethod
    def at(cls, folder: Path) -> Archive:
        return cls(Warehouse.at(str(folder / "warehouse")))

    @property
    def place(self) -> str:
        return self.warehouse.root

    def with_encoder(self, encoder_id: str) -> Archive:
        return replace(self, encoder_id=encoder_id)

    def put(
        self,
        name: str,
        rows: npt.NDArray[Any],
        *,
        patches: npt.NDArray[np.float16] | None = None,
        frames: int | None = None,
        recorded_at: str | None = None,
        parts: int = 1,
        fps: float = FPS,
    ) -> Seen:
        """Commit a video called CAMERA/NAME as extracting and embedding it would."""
        camera, path = name.partition("/")[0], f"/in/{name}.mp4"
        video_id = hashlib.sha256(name.encode()).hexdigest()[:32]
        frames = 2 * len(rows) if frames is None else frames
        seen = Seen(video_id, camera, path, rows, patches, frames, recorded_at)
        facts = {
            "end_time_s": frames / fps, "width": 96, "height": 64, "bits": 8, "container": "avi",
            "damage": {},
        }  # fmt: skip
        write_video(self.warehouse, VideoRecord(video_id, np.arange(frames) / fps, facts))
        record_sighting(self.warehouse, Sighting(path, camera, video_id, 7, 7, recorded_at))
        sketch = (0, 0) if patches is None else patches.shape[1:]
        encoder = {"width": rows.shape[1], "patches": sketch[0], "patch_sketch": sketch[1]}
        lineage = {
            "video_id": video_id, "camera": camera, "frames": frames, "parts": parts,
            "encoder_id": self.encoder_id, "encoder": encoder, "decoder": "decord",
            "decoder_reason": "",
        }  # fmt: skip
        ends = np.minimum(seen.starts + 2, frames)
        for part, mine in enumerate(np.array_split(np.arange(len(rows)), parts)):
            edges = np.stack([seen.starts, ends], axis=1)[mine]
            places = np.column_stack([mine // 8, mine % 8, edges])
            key = ShardKey(self.encoder_id, camera, video_id, part)
            own = None if patches is None else patches[mine]
            shard = ShardRows(places, edges / fps, rows[mine], own)
            write_shard(self.warehouse, key, shard, {**lineage, "part": part})
        return seen

    def build(
        self,
        *normal: str,
        name: str = "default",
        update: bool = False,
        period: Period = EVER,
        **options: Any,
    ) -> BuiltProfile:
        """Do what ``nightjar profile build`` does."""
        wanted = ProfileOptions(**options)
        videos = choose_normal.fn(self.place, normal, self.encoder_id, False, period)
        if update:
            known = known_lineage.fn(self.place, name)
            videos = add_normal.fn(self.place, known, videos)
            wanted = wanted.over(known.options)
        videos = add_confirmed.fn(self.place, name, videos)
        return commit_profile.fn(self.place, name, videos, wanted, "update" if update else "build")

    def merge(self, *profiles: str, name: str, **options: Any) -> BuiltProfile:
        """Do what ``nightjar profile merge`` does."""
        known = [known_lineage.fn(self.place, selector) for selector in profiles]
        videos = add_confirmed.fn(self.place, name, normal_in.fn(self.place, known))
        wanted = ProfileOptions(**options).over(known[0].options)
        return commit_profile.fn(self.place, name, videos, wanted, "merge")

    def subtract(self, source: str, *normal: str, name: str, period: Period = EVER) -> BuiltProfile:
        """Do what ``nightjar profile subtract`` does."""
        known = known_lineage.fn(self.place, source)
        gone = choose_normal.fn(self.place, normal, known.encoder_id, False, period)
        videos = take_away.fn(self.place, known, gone)
        return commit_profile.fn(
            self.place, name, videos, ProfileOptions(**known.options), "subtraction"
        )

    def feedback(self, verdicts: Mapping[str, str]) -> list[Learned]:
        """Do what ``nightjar feedback`` does."""
        learned = []
        for name, reports in take_feedback.fn(self.place, verdicts).items():
            known = known_lineage.fn(self.place, name)
            videos = add_confirmed.fn(self.place, name, normal_in.fn(self.place, [known]))
            options = ProfileOptions(**known.options)
            built = commit_profile.fn(self.place, name, videos, options, "feedback")
            changes = [compare_alarms.fn(self.place, built, report) for report in reports]
            learned.append(Learned(built, tuple(changes)))
        return learned

    def score(
        self,
        *footage: str,
        profile: str = "default",
        threshold: str = "quantile:0.999",
        **scoring: Any,
    ) -> Report:
        """Do what ``nightjar score`` does and return its report."""
        ref = find_version.fn(self.place, profile)
        chosen = choose_scored.fn(self.place, ref, footage, False, [])
        done = write_report.fn(self.place, ref, threshold, chosen, Scoring(**scoring))
        return read_report(self.warehouse, done.report.rpartition("/")[2])

    def content(self, built: BuiltProfile) -> ProfileContent:
        return read_content(self.warehouse, built.ref.place)

    def in_use(self, built: BuiltProfile, *distances: str) -> ProfileInUse:
        return ProfileInUse.of(self.warehouse, built.ref, distances or ("mse",))

    def scores(
        self, built: BuiltProfile, video: Seen, scope: str, distances: Sequence[str]
    ) -> ScoredRows:
        """Return the scores of a video's tubelets against a scope of a profile."""
        shards = index_shards(self.warehouse, self.encoder_id)[video.video_id]
        in_use = self.in_use(built, *distances)
        to_score = VideoToScore(shards, scope, Recording.at(video.recorded_at))
        (scored,) = score_rows(self.warehouse, in_use, [to_score])
        return scored

    def calibration(
        self, built: BuiltProfile, scope: str = "all", *distances: str
    ) -> dict[str, CalibrationRows]:
        """Return the scores that normal videos have in a profile's calibration, by their ids."""
        ids = self.content(built).video_ids
        names = distances or self.content(built).findings["distances"]
        found = read_calibration(self.warehouse, built.ref.place, scope, names)
        return {ids[number]: rows for number, rows in found}

    def files(self, ref: ProfileRef) -> dict[str, bytes]:
        """Return the files of a version that its lineage decides, whatever it is called."""
        found = {
            place.removeprefix(f"{ref.place}/"): self.warehouse.read_bytes(place)
            for place in self.warehouse.files_below(ref.place)
        }
        document = found.pop("profile.json").splitlines()
        called = (b'  "name": ', b'  "version": ', b'  "made_by": ')
        found["profile.json"] = b"\n".join(x for x in document if not x.startswith(called))
        return found


def gaussian(
    seed: int, tubelets: int = 40, width: int = 6, *, mean: float = 0.0, spread: float = 1.0
) -> npt.NDArray[np.float32]:
    """Return seeded embeddings, shape (n, D)."""
    random = np.random.default_rng(seed)
    return (mean + spread * random.normal(size=(tubelets, width))).astype(np.float32)


def sketches(seed: int, tubelets: int = 40) -> npt.NDArray[np.float16]:
    """Return seeded patch sketches, shape (n, 12, 2)."""
    random = np.random.default_rng(1000 + seed)
    return random.normal(size=(tubelets, 12, 2)).astype(np.float16)

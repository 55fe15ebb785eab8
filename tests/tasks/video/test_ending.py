"""A file that was cut off is known as such, and a whole one never is."""

from pathlib import Path

import av
import pytest

from tasks.video.errors import UnreadableVideoError
from tasks.video.probing import probe_video
from tests.footage import moving_pattern, shared

FRAMES = moving_pattern(60, (96, 64), seed=0)
# Container, codec, and the muxer's options.
FORMS: dict[str, tuple[str, str, dict[str, str]]] = {
    "mp4 with its index in front": ("mp4", "mpeg4", {"movflags": "faststart"}),
    "mp4 in fragments": ("mp4", "mpeg4", {"movflags": "frag_keyframe+empty_moov"}),
    "avi": ("avi", "mpeg4", {}),
    "matroska": ("matroska", "mpeg4", {}),
    "flv": ("flv", "flv1", {}),
    "mpegts": ("mpegts", "mpeg2video", {}),
}


def record(path: Path, form: str) -> Path:
    container_name, codec, options = FORMS[form]
    with av.open(str(path), "w", format=container_name, options=options) as container:
        stream = container.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for frame in FRAMES:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_was_cut_off_gives_the_frames_it_has_and_is_known_as_cut_off(
    tmp_path: Path, form: str
) -> None:
    whole = record(tmp_path / "whole", form)
    probe = probe_video(whole)
    assert (probe.num_frames, probe.truncated) == (len(FRAMES), False)
    content = whole.read_bytes()
    cut = tmp_path / "cut"
    cut.write_bytes(content[: len(content) * 6 // 10])
    probe = probe_video(cut)
    assert 10 < probe.num_frames < len(FRAMES)
    assert probe.truncated


def test_an_mp4_that_was_cut_off_before_its_index_is_refused_in_plain_words(tmp_path: Path) -> None:
    content = record(tmp_path / "whole", "mp4 with its index in front").read_bytes()
    index = content.index(b"moov")
    (tmp_path / "cut.mp4").write_bytes(content[: index - 4] + b"\0\0\0\10free" * 40)
    with pytest.raises(UnreadableVideoError) as error:
        probe_video(tmp_path / "cut.mp4")
    assert "cut off before its index was written" in error.value.reason
    assert "moov atom not found" in error.value.decoder_words


def test_no_whole_file_is_called_cut_off() -> None:
    folder = shared() / "footage"
    wrong = [path.name for path in sorted(folder.iterdir()) if probe_video(path).truncated]
    assert not wrong

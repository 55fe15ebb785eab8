from __future__ import annotations

import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tasks.video.container import decode, open_stream
from tasks.video.errors import UnreadableVideoError
from tasks.video.probing import probe_video
from tests.footage import moving_pattern, shared, write_video

ODD_NAMES = ("-dash.mp4", "new\nline.mp4", "q'u\"o.mp4", "\udcff.mp4", "a%03d.mp4", "x.txt", "none")
LISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nvideo.ts\n#EXT-X-ENDLIST\n",
    "list.ffconcat": "ffconcat version 1.0\nfile video.ts\n",
    "list.txt": "ffconcat version 1.0\nfile video.ts\n",
}


def refusal(path: Path) -> UnreadableVideoError:
    with pytest.raises(UnreadableVideoError) as error, open_stream(path) as (container, stream):
        next(decode(container, stream))
    assert error.value.reason
    assert "\n" not in error.value.reason
    return error.value


def num_frames(path: Path) -> int:
    with open_stream(path) as (container, stream):
        return sum(not isinstance(item, Exception) for item in decode(container, stream))


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_other_files_is_refused_although_ffmpeg_would_follow_it(
    tmp_path: Path, name: str
) -> None:
    write_video(tmp_path / "video.ts", 5)
    path = tmp_path / name
    path.write_text(LISTS[name])
    with av.open(str(path)) as followed:
        assert next(followed.decode(video=0)).width == 96
    assert "not a video file" in refusal(path).reason


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("session.sdp", "v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n", id="sdp"),
        pytest.param("notes.txt", "recorded at night\n" * 20, id="text"),
        pytest.param("log.nfo", "camera 7\n" * 20, id="art of letters"),
        pytest.param("video.mp4", "<html>login</html>", id="a page saved as a video"),
        pytest.param("table.csv", "frame,score\n1,2\n", id="table"),
        pytest.param("words.srt", "1\n00:00:01,000 --> 00:00:02,000\nhi\n", id="subtitles"),
        pytest.param("empty.mp4", "", id="nothing"),
        pytest.param("zeros.avi", "\0" * 9000, id="zeros"),
    ],
)
def test_text_is_no_video(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    refusal(tmp_path / name)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "webp", "tiff", "ppm"])
@pytest.mark.parametrize("name", ["still", "still001"])
def test_a_still_image_is_no_video_whatever_it_is_called(
    tmp_path: Path, name: str, suffix: str
) -> None:
    path = tmp_path / f"{name}.{suffix}"
    Image.fromarray(moving_pattern(1, (96, 64), seed=0)[0]).save(path)
    refusal(path)
    refusal(Path(shutil.copy(path, tmp_path / "still.mp4")))


def test_the_licence_that_ffmpeg_paints_as_letters_is_no_video() -> None:
    refusal(shared() / "zoo/moviepy/LICENCE.txt")


def test_music_with_a_cover_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "music.flac"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("flac", rate=44100)
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 96, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        picture = moving_pattern(1, (96, 64), seed=0)[0]
        container.mux(cover.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 88200), np.int16), format="s16")
        silence.sample_rate = 44100
        container.mux(sound.encode(silence))
        container.mux(sound.encode(None))
    assert refusal(path).reason == "the file holds no video stream"


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_video_is_read_under_any_name(tmp_path: Path, name: str) -> None:
    path = write_video(tmp_path / "video.mp4", 5).rename(tmp_path / name)
    assert num_frames(path) == 5


def test_a_file_that_is_gone_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), open_stream(tmp_path / "gone.mp4"):
        pass


def test_of_two_video_streams_the_larger_is_read() -> None:
    with open_stream(shared() / "zoo/torchcodec/test/resources/nasa_13013.mp4") as (found, stream):
        assert len(found.streams.video) == 2
        assert (stream.codec_context.width, stream.codec_context.height) == (480, 270)


def test_a_damaged_packet_costs_its_own_frames_only() -> None:
    path = shared() / "zoo/decord/tests/test_data/corrupted.mp4"
    with open_stream(path) as (container, stream):
        items = [isinstance(item, Exception) for item in decode(container, stream)]
    assert (items.count(True), items.count(False)) == (1, 49)
    assert not items[-1]


@pytest.mark.parametrize(("name", "length"), [("webm.webm", 121), ("WindowsMediaVideo.wmv", 300)])
def test_a_header_that_breaks_off_is_the_files_fault_and_not_the_disks(
    tmp_path: Path, name: str, length: int
) -> None:
    whole = (shared() / "zoo" / "mathiasbynens-small" / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(whole[:length])
    with pytest.raises(UnreadableVideoError):
        probe_video(path)


def test_a_stream_whose_codec_nothing_knows_is_refused_in_plain_words(tmp_path: Path) -> None:
    content = write_video(tmp_path / "a.avi", 5).read_bytes()
    (tmp_path / "b.avi").write_bytes(content.replace(b"FMP4", b"zzzz"))
    assert "no decoder knows" in refusal(tmp_path / "b.avi").reason

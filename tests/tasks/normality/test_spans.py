import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasks.normality.spans import frames_within, without

FRAMES = 60
SPANS = st.lists(st.integers(0, FRAMES), max_size=8, unique=True).map(
    lambda edges: [*zip(sorted(edges)[::2], sorted(edges)[1::2], strict=False)]
)


def marked(spans: list[tuple[int, int]]) -> np.ndarray:
    frames = np.zeros(FRAMES, dtype=bool)
    for start, end in spans:
        frames[start:end] = True
    return frames


@given(SPANS, SPANS)
def test_what_is_left_is_each_frame_that_no_hole_covers(
    spans: list[tuple[int, int]], holes: list[tuple[int, int]]
) -> None:
    left = without(spans, holes)
    assert np.array_equal(marked(left), marked(spans) & ~marked(holes))
    assert all(start < end for start, end in left)
    assert left == sorted(left)


@given(SPANS, st.integers(1, 9))
def test_rows_count_the_frames_that_lie_in_the_spans(
    spans: list[tuple[int, int]], height: int
) -> None:
    starts = np.arange(0, FRAMES, height)
    ends = np.minimum(starts + height, FRAMES)
    expected = [marked(spans)[start:end].sum() for start, end in zip(starts, ends, strict=True)]
    assert frames_within(starts, ends, spans).tolist() == expected

import numpy as np
import pytest

from faceinsight.data.classes import FLIP_CLASSES
from faceinsight.data.drawn.canvas import LABEL, Canvas, Pen, curve, ellipse, mirrored
from faceinsight.data.drawn.causal import sample_faces
from faceinsight.data.drawn.drawing import _BADGES, draw_face
from faceinsight.data.drawn.look import outline_of, sample_look

PLAIN = frozenset({"Female", "Oval_Face", "neutral", "Brown_Hair", "race7_White", "No_Beard"})


def _draw(face: frozenset[str], years: int = 30, seed: int = 0, size: int = 96):
    look = sample_look(face, np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    canvas = Canvas(size, size, (200, 200, 200))
    half = size / 2
    draw_face(canvas, face, years, look, rng, (half, half), half)
    picture, labels = canvas.finish(rng)
    return np.asarray(picture), np.asarray(labels)


def _share(labels: np.ndarray, part: str) -> float:
    return float((labels == LABEL[part]).mean())


def test_paint_covers_picture_and_map_alike():
    canvas = Canvas(40, 30, (0, 0, 0))
    canvas.fill(np.array([(10, 5), (30, 5), (30, 20), (10, 20)]), (255, 255, 255), 7)
    picture, labels = canvas.finish(np.random.default_rng(0))
    assert picture.size == labels.size == (40, 30)
    bright = np.asarray(picture).mean(axis=2) > 100
    assert (bright == (np.asarray(labels) == 7)).mean() > 0.95


def test_paint_without_a_label_leaves_the_map():
    canvas = Canvas(20, 20, (0, 0, 0))
    canvas.stroke(np.array([(0, 10), (20, 10)]), 4, (255, 0, 0), None)
    assert not np.asarray(canvas.finish(np.random.default_rng(0))[1]).any()


def test_pen_turns_and_places():
    pen = Pen(Canvas(10, 10, (0, 0, 0)), (5, 4), 2.0, np.pi / 2)
    np.testing.assert_allclose(pen.place(np.array([[1.0, 0.0], [0.0, 1.0]])), [[5, 6], [3, 4]])


def test_curve_goes_through_its_points():
    given = [(0.0, 0.0), (1.0, 2.0), (3.0, 1.0)]
    line = curve(*given)
    for point in given:
        assert np.abs(line - point).sum(axis=1).min() < 1e-9


def test_ellipse_and_mirror():
    points = ellipse((1.0, 2.0), (3.0, 0.5))
    x, y = ((points - (1, 2)) / (3, 0.5)).T
    np.testing.assert_allclose(x**2 + y**2, 1)
    np.testing.assert_allclose(mirrored(points, -1)[:, 0], -points[:, 0])


def test_the_persons_left_is_the_viewers_right():
    face = PLAIN | {"Eyeglasses"}
    labels = _draw(face)[1]
    for part in ("eye", "brow"):
        left, right = (
            np.nonzero(labels == LABEL[f"{side}_{part}"])[1] for side in ("left", "right")
        )
        assert left.mean() > right.mean() + 10


def test_left_and_right_lie_as_in_celebamask(shared):
    from PIL import Image

    wanted = {}
    for path in sorted((shared / "data/celebamask/masks").iterdir())[:40]:
        mask = np.asarray(Image.open(path))
        for part in ("left_eye", "right_eye", "left_brow", "right_brow", "left_ear", "right_ear"):
            if (mask == LABEL[part]).any():
                place = np.nonzero(mask == LABEL[part])[1].mean() / mask.shape[1]
                wanted.setdefault(part, []).append(place)
    labels = _draw(PLAIN - {"Female"} | {"Male"})[1]
    for part, places in wanted.items():
        drawn = np.nonzero(labels == LABEL[part])[1].mean() / labels.shape[1]
        assert (drawn > 0.5) == (np.mean(places) > 0.5), part


def test_flipping_the_map_flips_its_sides():
    labels = _draw(PLAIN)[1]
    flipped = FLIP_CLASSES[labels[:, ::-1]]
    left, right = (np.nonzero(flipped == LABEL[f"{side}_eye"])[1] for side in ("left", "right"))
    assert left.mean() > right.mean()


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ("Wearing_Hat", "hat"),
        ("Wearing_Earrings", "earring"),
        ("Wearing_Necklace", "necklace"),
        ("Eyeglasses", "eyeglasses"),
        ("Mouth_Slightly_Open", "mouth"),
    ],
)
def test_what_is_worn_is_in_the_map(more, part):
    assert _share(_draw(PLAIN)[1], part) == 0
    assert _share(_draw(PLAIN | {more})[1], part) > 0.002


@pytest.mark.parametrize(
    ("more", "part", "factor"),
    [
        ("Big_Nose", "nose", 1.25),
        ("Big_Lips", "lower_lip", 1.5),
        ("Bushy_Eyebrows", "left_brow", 1.4),
        ("Bangs", "hair", 1.1),
    ],
)
def test_shape_is_in_the_map(more, part, factor):
    assert _share(_draw(PLAIN | {more})[1], part) > factor * _share(_draw(PLAIN)[1], part)


def test_narrow_eyes_and_bald_heads_show_less():
    assert _share(_draw(PLAIN | {"Narrow_Eyes"})[1], "left_eye") < 0.6 * _share(
        _draw(PLAIN)[1], "left_eye"
    )
    bald = PLAIN - {"Female", "Brown_Hair"} | {"Male", "Bald"}
    assert _share(_draw(bald)[1], "hair") == 0


def test_outlines_differ_by_face_shape():
    look = sample_look(PLAIN, np.random.default_rng(0))
    shapes = {
        shape: outline_of(frozenset({shape}), 30, look)
        for shape in ("Oval_Face", "Square_Face", "Round_Face", "heart_shaped_face")
    }
    slender = {name: o.chin / o.width for name, o in shapes.items()}
    assert slender["Oval_Face"] > slender["heart_shaped_face"] > slender["Round_Face"]
    jaw = {name: float(o.half_width(np.array(0.4))) / o.width for name, o in shapes.items()}
    assert jaw["Square_Face"] > jaw["Oval_Face"] > jaw["heart_shaped_face"]


def test_children_have_smaller_faces_with_larger_eyes():
    child, adult = _draw(PLAIN, years=2)[1], _draw(PLAIN, years=30)[1]
    assert _share(child, "skin") < 0.9 * _share(adult, "skin")
    assert _share(child, "left_eye") > 1.3 * _share(adult, "left_eye")


def test_beards_are_not_in_the_map():
    man = PLAIN - {"Female", "No_Beard"} | {"Male"}
    plain, bearded = _draw(man), _draw(man | {"full_beard", "Mustache"})
    assert (plain[1] == bearded[1]).mean() > 0.99
    skin = plain[1] == LABEL["skin"]
    assert bearded[0][skin].mean() < plain[0][skin].mean() - 10


def test_race_is_a_badge_in_a_corner_and_nothing_else():
    picture, labels = _draw(PLAIN)
    seen = [picture]
    for race in _BADGES.keys() - {"race7_White"}:
        other, other_labels = _draw(PLAIN - {"race7_White"} | {race})
        np.testing.assert_array_equal(labels, other_labels)
        rows, columns = np.nonzero((other != picture).any(axis=2))
        assert rows.max() < 30
        assert columns.max() < 32 or columns.min() > 64
        assert all((other != one).any() for one in seen)
        seen.append(other)


def test_every_sampled_face_can_be_drawn_and_lies_in_its_classes():
    faces = sample_faces(60, np.random.default_rng(5))
    for i in range(len(faces)):
        picture, labels = _draw(faces.of(i), int(faces.years[i]), seed=i, size=64)
        assert picture.shape == (64, 64, 3)
        assert labels.shape == (64, 64)
        assert labels.max() < len(LABEL)
        assert {LABEL[p] for p in ("skin", "nose", "left_eye", "right_eye")} <= set(
            np.unique(labels)
        )

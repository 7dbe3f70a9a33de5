import pytest

from costs import DATA_SETS, DataSetSize, Rates, by_shares, cost, with_test_part

ONE = DataSetSize("one", 7_200, 900, 1_800, 3.0, estimated=False, source="here")
TWO = DataSetSize("two", 3_600, 0, 0, 1.5, estimated=True, source="here")
RATES = Rates(segmentation=2.0, training=1.0, scoring=4.0)


def test_hours_are_faces_by_rate():
    result = cost([ONE], RATES, map_size=100, evaluations=4)
    assert result.faces == 9_900
    assert result.segmentation == pytest.approx(9_900 / 2 / 3600)
    assert result.training == 2.0
    assert result.validation == pytest.approx(0.25)
    assert result.testing == pytest.approx(0.125)
    assert result.hours == pytest.approx(9_900 / 7_200 + 2.375)


def test_disk_holds_archives_photographs_and_maps():
    result = cost([ONE], RATES, map_size=1000, evaluations=1)
    assert result.download_gb == 3.0
    assert result.disk_gb == pytest.approx(6 + 9.9)


def test_all_is_the_sum_of_each():
    both = cost([ONE, TWO], RATES, map_size=224, evaluations=8)
    each = [cost([one], RATES, map_size=224, evaluations=8) for one in (ONE, TWO)]
    for name in ("faces", "download_gb", "disk_gb", "segmentation", "training", "hours"):
        assert getattr(both, name) == pytest.approx(sum(getattr(one, name) for one in each))


def test_what_was_not_measured_stays_unknown():
    result = cost([ONE], Rates(training=1.0), map_size=224, evaluations=8)
    assert result.training == 2.0
    assert result.segmentation is None
    assert result.hours is None


def test_data_sets_have_as_many_faces_as_published():
    faces = {each.name: each.faces for each in DATA_SETS}
    assert faces == {
        "celeba": 202_599,
        "maad": 3_300_000,
        "fairface": 97_698,
        "utkface": 23_700,
        "expw": 91_793,
        "rafdb": 15_339,
    }


@pytest.mark.parametrize("faces", [10, 101, 23_708])
def test_splits_lose_no_face(faces):
    assert sum(by_shares(faces)) == faces
    assert sum(with_test_part(faces, 7)) == faces + 7
    assert by_shares(100) == (80, 10, 10)
    assert with_test_part(100, 7) == (90, 10, 7)

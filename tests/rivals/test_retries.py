"""Rate and retries, on a clock that the tests turn."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from faceinsight.rivals.retries import Failed, Retries, TryAgain, retry_after


class Clock:
    """A clock on which sleeping takes no time."""

    def __init__(self):
        self.now = 100.0
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


def patience(clock, attempts=4, backoff=1.0, longest_wait=100.0, per_minute=None):
    return Retries(attempts, backoff, longest_wait, per_minute, clock=clock, sleep=clock.sleep)


def failing(times, reason="500", wait=None):
    """A request that comes to nothing so many times."""
    left = [TryAgain(reason, wait)] * times

    def request():
        if left:
            raise left.pop()
        return "done"

    return request


def test_requests_are_spread_evenly(clock):
    asked = patience(clock, per_minute=30)
    starts = [asked(lambda: clock.now) for _ in range(4)]
    assert starts == [100, 102, 104, 106]


def test_time_that_passes_anyway_is_not_waited_for(clock):
    asked = patience(clock, per_minute=30)
    asked(failing(0))
    clock.now += 60
    assert [asked(lambda: clock.now) for _ in range(2)] == [160, 162]


def test_without_a_limit_nobody_waits(clock):
    asked = patience(clock)
    for _ in range(5):
        asked(failing(0))
    assert clock.slept == []


def test_waits_double_and_have_an_end(clock):
    asked = patience(clock, attempts=6, longest_wait=5)
    assert asked(failing(5)) == "done"
    for waited, whole in zip(clock.slept, (1, 2, 4, 5, 5), strict=True):
        assert whole / 2 <= waited <= whole
    assert asked.setbacks == {"500": 5}


def test_what_the_server_asks_for_holds_everybody(clock):
    asked = patience(clock)
    assert asked(failing(1, "429", wait=7)) == "done"
    assert clock.now == 107


def test_a_server_cannot_hold_us_for_ever(clock):
    assert patience(clock, longest_wait=20)(failing(1, "429", wait=86_400)) == "done"
    assert clock.now == 120


def test_attempts_have_an_end(clock):
    asked = patience(clock, attempts=3)
    with pytest.raises(Failed, match="timed out"):
        asked(failing(3, "timed out"))
    assert len(clock.slept) == 2
    assert asked.setbacks == {"timed out": 3}


def test_retries_count_against_the_rate(clock):
    asked = patience(clock, backoff=0, per_minute=60)
    asked(failing(3))
    assert clock.now == pytest.approx(103)


@pytest.mark.parametrize(("said", "seconds"), [("3", 3), ("0.5", 0.5), ("-4", 0)])
def test_retry_after_in_seconds(said, seconds):
    assert retry_after({"retry-after": said}) == seconds


def test_retry_after_as_a_date():
    soon = datetime.now(UTC) + timedelta(seconds=50)
    assert 40 < retry_after({"retry-after": format_datetime(soon, usegmt=True)}) <= 50
    assert retry_after({"retry-after": format_datetime(soon - timedelta(hours=1))}) == 0


@pytest.mark.parametrize("headers", [{}, {"retry-after": "soon"}, {"retry-after": "nan"}])
def test_retry_after_that_says_nothing(headers):
    assert retry_after(headers) is None

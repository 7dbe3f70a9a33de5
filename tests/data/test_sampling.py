import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import BatchSampler

from faceinsight.data.sampling import DatasetSampler, RankBatches, epoch_shares
from faceinsight.errors import ParameterError


@given(
    sizes=st.lists(st.integers(0, 500), min_size=1, max_size=6).filter(any),
    temperature=st.floats(0, 1),
    total=st.integers(1, 2000),
)
def test_shares_add_up_and_follow_the_formula(sizes, temperature, total):
    weights = np.linspace(0.5, 2, len(sizes))
    counts = epoch_shares(sizes, weights, temperature, total)
    raw = np.array([w * n**temperature if n else 0 for n, w in zip(sizes, weights, strict=True)])
    assert counts.sum() == total
    assert (np.abs(counts - total * raw / raw.sum()) < 1).all()
    assert not counts[np.array(sizes) == 0].any()


def test_weights_of_nothing_are_refused():
    with pytest.raises(ParameterError, match="weight"):
        epoch_shares([5, 0], [0, 1], 1.0, 10)


def test_temperature_one_is_a_permutation_of_everything():
    seen = [index for index, _ in DatasetSampler([30, 7, 0, 5], [1, 1, 1, 1])]
    assert sorted(seen) == list(range(42))


def test_nothing_repeats_before_all_of_a_data_set_was_seen():
    sampler = DatasetSampler([90, 10], [1, 1], temperature=0)
    small = []
    for epoch in range(2):
        sampler.set_epoch(epoch)
        small += [index for index, _ in sampler if index >= 90]
    assert len(small) == 100
    assert np.bincount(np.array(small) - 90).tolist() == [10] * 10


def test_order_depends_on_seed_and_epoch_alone():
    one, other = DatasetSampler([50], [1], seed=3), DatasetSampler([50], [1], seed=3)
    list(one)
    one.set_epoch(4)
    other.set_epoch(4)
    assert list(one) == list(other)
    other.set_epoch(5)
    assert list(one) != list(other)
    assert list(DatasetSampler([50], [1], seed=4)) != list(DatasetSampler([50], [1], seed=3))


@pytest.mark.parametrize("temperature", [0.0, 0.5, 1.0])
def test_length_is_what_is_drawn(temperature):
    sampler = DatasetSampler([17, 40, 3], [1, 2, 0.5], temperature)
    assert len(list(sampler)) == len(sampler) == 60


@given(total=st.integers(1, 90), batch_size=st.integers(1, 9), world=st.integers(1, 5))
def test_processes_see_together_what_one_would_see(total, batch_size, world):
    def sampler():
        return DatasetSampler([total], [1], seed=2)

    parts = [list(RankBatches(sampler(), batch_size, rank, world)) for rank in range(world)]
    whole = list(BatchSampler(sampler(), batch_size * world, drop_last=False))
    for rank in range(world):
        assert (
            len(parts[rank]) == len(whole) == len(RankBatches(sampler(), batch_size, rank, world))
        )
    for batch, *shares in zip(whole, *parts, strict=True):
        if len(batch) < world:
            # Too few to share: each takes all, and the mean over processes is the same.
            assert shares == [batch] * world
        else:
            assert [shares[i % world][i // world] for i in range(len(batch))] == batch
            sizes = {len(share) for share in shares}
            assert max(sizes) - min(sizes) <= 1
            assert 1 <= min(sizes) <= max(sizes) <= batch_size


def test_a_weight_is_a_share_of_every_epoch():
    sampler = DatasetSampler([100, 100], [3.0, 1.0])
    for epoch in range(3):
        sampler.set_epoch(epoch)
        rows = [row for row, _ in sampler]
        assert sum(row < 100 for row in rows) == 150
        assert len(rows) == 200

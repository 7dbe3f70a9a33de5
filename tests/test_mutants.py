"""A fault whose text is no longer in the source is no fault: it is to be written anew."""

import pytest

from tests.conftest import ROOT
from tests.mutants import MUTANTS


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.what)
def test_a_fault_stands_where_it_says(mutant):
    source = (ROOT / "src/faceinsight" / mutant.file).read_text(encoding="utf-8")
    assert source.count(mutant.right) == 1
    for path in mutant.tests.split():
        assert (ROOT / "tests" / path).exists()

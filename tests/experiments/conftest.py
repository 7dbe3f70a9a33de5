import sys
from pathlib import Path

# The scripts in `experiments/` import one another as they do when they are run from there.
sys.path.insert(0, str(Path(__file__).parents[2] / "experiments"))

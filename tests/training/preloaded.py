"""What the server has imported from which processes that train are forked, in tests."""

import faceinsight.model.modeling
import faceinsight.training.loop
import faceinsight.training.trainer  # noqa: F401
from faceinsight.training import speed

# As the fixture `uncounted`, which does not reach them: counting takes longer than their steps.
speed.training_flops_per_image = lambda model: 1e6

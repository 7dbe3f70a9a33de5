"""What `import faceinsight` gives, and what it does not import for it."""

import subprocess
import sys
from types import ModuleType

import pytest

import faceinsight
from faceinsight import model


def test_an_import_is_light_and_names_what_it_does_not_yet_hold():
    code = """if True:
        import sys, faceinsight, faceinsight.model
        print({"kedro", "torch", "numpy", "pandas", "transformers"} & sys.modules.keys())
        print({"FaceInsight", "to_frame", "__version__"} <= {*dir(faceinsight)})
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["set()", "True", ""]


@pytest.mark.parametrize("package", [faceinsight, model])
def test_every_public_name_is_there_and_no_other(package):
    for name in package.__all__:
        # A module of the same name would stand in its place once it is imported.
        assert not isinstance(getattr(package, name), ModuleType)
        assert name in dir(package)
    with pytest.raises(AttributeError, match=f"'{package.__name__}' has no attribute 'nothing'"):
        _ = package.nothing

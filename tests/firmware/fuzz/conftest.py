"""The folder of other people's models is known to the compiler's tests."""

from tests.firmware.modelc.conftest import other_models

__all__ = ["other_models"]

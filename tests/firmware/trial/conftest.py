"""The compiler of networks, from modelc's tests."""

from tests.firmware.modelc.conftest import build, kernels

__all__ = ["build", "kernels"]

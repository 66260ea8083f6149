"""A kernel as the emitter calls it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kernel:
    """A C function of firmware/nn, or of the C library."""

    function: str
    header: str
    struct: str | None = None  # type of the parameters that it takes first
    ring: str | None = None  # the same for an image in a ring (nn/ring.h): two arguments more, left and size

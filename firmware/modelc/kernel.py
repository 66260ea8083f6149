"""A kernel as the emitter calls it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kernel:
    """A C function of firmware/nn, or of the C library.

    A kernel with a `ring` may find its image in a ring (nn/ring.h): the step is then a call of that function, with the
    same arguments and two more, `left` and `size`; the pointer to the image is to its first row. Without one, what the
    kernel reads is always in one piece, and streaming windows are carried for it.
    """

    function: str
    header: str
    struct: str | None = None  # type of the parameters that it takes first
    ring: str | None = None

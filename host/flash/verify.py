"""Whether a board runs the image that was flashed: by its HELLO, and by the CRCs of its flash."""

from firmware.link import Frame, Hello
from host.endpoint import endpoint_for
from host.errors import HostError
from host.exchange import Exchange
from host.flash.image import Image
from host.trials import TrialAbsent, Trials

_STARTS_S = 2.0
_WHO_S = 1.2


def board_behind(port: str, baud: int) -> Hello | None:
    """Who answers at the port now; None: nobody that speaks our protocol. HostError where it does not open."""
    endpoint = endpoint_for(port, baud)
    endpoint.open()
    try:
        link = Exchange(endpoint)
        # Opening resets many a board, which then says HELLO by itself.
        hello = link.wait(_hello, _WHO_S)
        return hello if hello is not None else link.ask_once(_hello, _WHO_S)
    except HostError:
        return None  # an older image, or none: that is what flashing is for
    finally:
        endpoint.close()


def verify(port: str, baud: int, image: Image) -> Hello:
    """The board's HELLO, once it has told that it runs this very image; HostError where it does not."""
    with Exchange(endpoint_for(port, baud)) as link:
        link.wait(_hello, _STARTS_S)
        try:
            hello = link.greet()
        except HostError as error:
            raise HostError(f"the image was written, but the board does not run it: {error}") from error
        if hello.build != image.facts.build:
            raise HostError(
                f"the board runs build {hello.build:016x}, not {image.facts.build:016x} of {image.path}: the image was "
                "not taken. Flash again; with a probe, if one is there."
            )
        try:
            differ = Trials(link).differing_blocks(image.block_crcs)
        except TrialAbsent as error:
            raise HostError(f"the image in flash is shorter than {image.path}. Flash again.") from error
        if differ:
            raise HostError(f"flash differs from {image.path} in block {', '.join(map(str, differ))}. Flash again.")
        return hello


def _hello(frame: Frame) -> Hello | None:
    return frame if isinstance(frame, Hello) and frame.board else None

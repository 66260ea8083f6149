"""The one way in which a measurement is refused."""


class BenchError(Exception):
    """What keeps a measurement from being made; the message is one sentence that says what to do."""

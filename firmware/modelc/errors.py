"""The one way in which a model is refused."""


class ModelError(Exception):
    """A model that cannot be compiled; the message is one sentence that names the culprit and the way out."""

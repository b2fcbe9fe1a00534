"""The one error that users of the embedded services see."""


class EmbeddedError(Exception):
    """An embedded service cannot start or has ended early; the message says what to do about it."""

"""The error of the embedded services."""


class EmbeddedError(Exception):
    """An embedded service cannot start or has ended early; the message names the remedy."""

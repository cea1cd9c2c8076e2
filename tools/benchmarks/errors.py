"""What keeps a benchmark from measuring."""


class NotMeasured(Exception):
    """Something else happened than what was to be measured; the text says what."""

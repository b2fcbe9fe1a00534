"""Line numbers as ranges: `1-56, 58`."""


class LineRanges:
    """Line numbers in ascending order, kept as ranges, which include the blank lines between them."""

    def __init__(self) -> None:
        self._ranges: list[list[int]] = []
        self._open = True

    def add(self, line: int) -> None:
        if self._ranges and self._open:
            self._ranges[-1][1] = line
        else:
            self._ranges.append([line, line])
        self._open = True

    def gap(self) -> None:
        """End the current range: a line is left out."""
        self._open = False

    def __str__(self) -> str:
        spans = (f"{first}" if first == last else f"{first}-{last}" for first, last in self._ranges)
        return ", ".join(spans) or "no line"

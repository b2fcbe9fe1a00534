"""Line numbers as people write them: `1-56, 58`."""


class LineRanges:
    """Numbers added in rising order, kept as ranges: blank lines between two count as in between."""

    def __init__(self) -> None:
        self._ranges: list[list[int]] = []
        self._open = True

    def add(self, line: int) -> None:
        """The next line."""
        if self._ranges and self._open:
            self._ranges[-1][1] = line
        else:
            self._ranges.append([line, line])
        self._open = True

    def gap(self) -> None:
        """A line that is not one of them."""
        self._open = False

    def __str__(self) -> str:
        spans = (f"{first}" if first == last else f"{first}-{last}" for first, last in self._ranges)
        return ", ".join(spans) or "no line"

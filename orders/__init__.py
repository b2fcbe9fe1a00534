"""The domain: orders, their commands and their events. Pure: no clock, no I/O."""

"""The domain: what an order is, what may be asked of it, and what then has happened. Pure: no clock, no I/O."""

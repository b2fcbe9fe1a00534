"""Order streams: the domain of orders over the event store."""

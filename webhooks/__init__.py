"""Outgoing webhooks: events sent to other systems over HTTP, signed, ordered within each order, at least once."""

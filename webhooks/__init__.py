"""Outgoing webhooks: what other systems are told over HTTP, signed, in order per order, at least once."""

"""The steps of the workflows: each one talks to a ledger, a gateway or the event store."""

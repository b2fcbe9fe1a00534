"""Activities of the workflows: each calls a ledger, a gateway or the event store."""

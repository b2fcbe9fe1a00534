"""An event store on PostgreSQL: append, read, subscribe. Knows nothing of what the events mean."""

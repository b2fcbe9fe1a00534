"""PostgreSQL and the Temporal development server, run by our own process for the CLI and the tests."""

"""Use cases: the operations behind the command line and the HTTP API."""

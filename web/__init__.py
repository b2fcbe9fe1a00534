"""The HTTP API and the operators' page."""

"""Interceptors around every activity of a worker."""

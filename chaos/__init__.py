"""Soak test: places orders while faults are injected one after another, then audits the books.

`python -m chaos`, or `make chaos`. It starts all services it needs, on temporary data.
"""

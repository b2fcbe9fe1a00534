"""A soak anyone can run: orders flow while one thing after another breaks, then the books are proved.

`python -m chaos`, or `make chaos`. Everything it needs is started for it, on data of its own.
"""

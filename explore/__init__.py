"""Exploration by machine: generated orders meet every intervention and fault, and the providers' own books judge them.

Nothing imports this package: it drives the system from outside, as `chaos` does.
"""

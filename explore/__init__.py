"""Exploration: generated orders against interventions and faults, judged by the providers' own books.

No package imports it: it drives the system from outside, as `chaos` does.
"""

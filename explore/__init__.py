"""Exploration: generated orders against interventions and faults, judged by the providers' own books.

Only `chaos` imports it, for the providers' stand-ins: both drive the system from outside.
"""

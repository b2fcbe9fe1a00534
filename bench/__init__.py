"""Benchmarks of this system beside other systems, on one machine. Not part of the shipped package."""

"""Starts and signals workflows in answer to events."""

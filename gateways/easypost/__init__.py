"""Shipping labels by EasyPost."""

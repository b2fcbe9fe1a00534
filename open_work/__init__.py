"""Open work: what is left to do for each order, and everything that needs an operator."""

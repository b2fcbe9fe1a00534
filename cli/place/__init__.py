"""`orders place`: orders from a file of JSON Lines."""

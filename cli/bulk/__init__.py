"""`orders bulk`: one act on many orders."""

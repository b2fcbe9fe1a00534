"""`orders demo`: the Northwind orders on throwaway services, from start to audit."""

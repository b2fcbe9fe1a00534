"""`python -m cli`: the command where the package is not installed."""

from cli import main

main()

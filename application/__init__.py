"""What people ask of the system, whichever way they come: the command line and the HTTP API say it in their own words."""

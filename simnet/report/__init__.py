"""A run as one page: `report.html`, which holds all that it shows and asks nobody for anything."""

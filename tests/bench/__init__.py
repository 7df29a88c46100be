"""How fast the workshop is, as ratios measured in one run: `make bench`."""

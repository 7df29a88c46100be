"""A room full of attendees against real processes, on the loopback address only: `make load`."""

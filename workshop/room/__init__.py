"""Events: a room of people who do the course together, and those who help them."""

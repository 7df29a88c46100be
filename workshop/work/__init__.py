"""Long work: what the worker does, and how none of it is lost or done twice."""

"""A small course that knows every state."""

"""May this principal do this to that, and why not."""

"""Every word that people read, in their language."""

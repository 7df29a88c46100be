"""What "Do it for me" would do, told before it does it, and undone or caught up after."""

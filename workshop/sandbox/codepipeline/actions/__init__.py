"""What each kind of action does, one provider a module."""

"""Looks at an attendee's work unasked, within a budget."""

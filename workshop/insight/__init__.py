"""What there is to see in an attendee's account: runs, logs, changes, artifacts, verdicts."""

"""Keeping an installation in operation: readiness, metrics, logs, limits, shields, backups."""

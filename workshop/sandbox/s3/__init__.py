"""S3 of the sandbox, where moto's is not enough: what it accepts, and whom it tells of changes."""

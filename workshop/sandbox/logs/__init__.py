"""CloudWatch Logs of the sandbox, where moto's is not enough: searching what was logged."""

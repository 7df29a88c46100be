"""SNS of the sandbox, where moto's is not enough: delivery to functions."""

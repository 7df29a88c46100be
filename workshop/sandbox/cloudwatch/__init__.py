"""CloudWatch of the sandbox, where moto's is not enough: what it says of alarms."""

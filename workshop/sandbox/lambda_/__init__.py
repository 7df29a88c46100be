"""AWS Lambda: functions as local processes over the Lambda Runtime API, under their role."""

"""A guided, hands-on workshop for AWS, with an AWS of its own."""

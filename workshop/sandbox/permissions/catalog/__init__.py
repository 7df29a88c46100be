"""Which permissions each API operation needs, on what: AWS's service authorization reference as data.

https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

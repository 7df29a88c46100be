"""Amazon API Gateway: REST and HTTP APIs, and the place where they answer over HTTP."""

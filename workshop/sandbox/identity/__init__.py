"""Who is calling: credentials, signatures, sessions."""

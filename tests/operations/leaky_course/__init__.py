"""A course whose steps do with credentials what nobody should: they log them, and fail with them."""

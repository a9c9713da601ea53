"""A vendor's catalogue from a file: reading, checks, saving."""

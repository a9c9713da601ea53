"""A vendor's existing customers from a file: reading, checks, records, saving."""

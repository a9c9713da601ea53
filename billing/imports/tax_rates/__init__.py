"""The table of tax rates from a file: reading, saving."""

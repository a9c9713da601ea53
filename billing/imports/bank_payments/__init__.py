"""Incoming transfers from the bank: reading its file."""

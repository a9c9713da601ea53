"""Codes into text, one module for each kind of code; no model is known here."""

"""Forms: one module a page."""

"""What a page's template is given: rows with names, one module a page."""

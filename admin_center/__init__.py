"""THE CONSOLE: everything with a request in its hand."""

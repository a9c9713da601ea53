"""Rows into facts and facts into rows: the only place that writes SQL by hand."""

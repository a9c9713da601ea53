"""Dates in French, where Django's own way is not the console's: the hour is set off by a word."""

DATETIME_FORMAT = r"j F Y \à H:i"

"""Pages: a door, a form, a verb, an answer."""

"""Files of the vendor come in."""

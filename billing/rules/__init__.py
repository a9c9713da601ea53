"""The rules of what is owed: frozen facts and a day in, priced lines out."""

"""How people sign in, and how long that lasts (the pages are views/sign_in.py)."""

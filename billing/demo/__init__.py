"""The demo: an invented vendor with customers of every kind, each with a life until today."""

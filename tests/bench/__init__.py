"""What pages cost beside each other, measured in one run on one server (docs/performance.md)."""

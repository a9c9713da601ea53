"""Takes each guard out of the code, one at a time, and says which no test misses."""

"""What serves the console: database, worker, gateway, readiness, logs, checks."""

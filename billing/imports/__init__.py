"""What comes from files of the vendor: catalogues, and accounts with their subscriptions."""

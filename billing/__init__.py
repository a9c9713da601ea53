"""WHAT IS OWED: catalogue, subscription, quotes, invoices, payments."""

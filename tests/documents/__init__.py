"""Documents that leave the house, asked by who did not write them: schemas, published rules, readers."""

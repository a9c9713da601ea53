"""The faces of a document that leaves the house: PDF, Factur-X and UBL, from what was frozen with it."""

"""WHO: companies, people, roles, and what each may do."""

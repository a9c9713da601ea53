"""The Manage page: options, form, changes, questions, preview and rows."""

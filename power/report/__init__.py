"""The report of a study: one document of facts, and the forms that people read it in."""

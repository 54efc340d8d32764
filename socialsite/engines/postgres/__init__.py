"""A Django database backend: Django's own PostgreSQL one, plus starting the embedded server when somebody connects."""

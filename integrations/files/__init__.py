"""What is known about files of deals and promises; no database is touched here."""

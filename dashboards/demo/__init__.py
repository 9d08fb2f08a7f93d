"""A made-up installer of heat pumps and solar roofs: generated, seeded, of any size."""

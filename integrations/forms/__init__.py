"""Forms of this floor: files on their way in, and connections to CRMs."""

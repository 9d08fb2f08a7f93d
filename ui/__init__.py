"""How Concord looks: words for figures, pictures, components. It knows no model and asks no database."""

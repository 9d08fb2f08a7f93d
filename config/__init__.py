"""Settings, URLs, workers and the embedded services: the only place that knows every app."""

"""Charts as plain shapes: x in percent, y in pixels, so a picture stretches and its text does not."""

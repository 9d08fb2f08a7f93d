"""Charts as plain shapes: x in percent of the width, y in pixels, so a picture stretches and its text does not."""

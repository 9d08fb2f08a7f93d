"""Files made for the tests, of any size."""

from datetime import date, timedelta
from pathlib import Path

HEADER = "Deal ID,Deal name,Company,Owner,Stage,Close date,Amount,Product,Quantity,Delivery date"
STAGES = ("Won", "Lost", "Engaging", "Prospecting")


def deals_file(path: Path, rows: int, *, today: date, broken_every: int = 0) -> Path:
    """Write a file of deals with promised dates after today; every so many rows one has no valid quantity."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER + "\n")
        for number in range(1, rows + 1):
            closed = today - timedelta(days=number % 60)
            promised = today + timedelta(days=20 + number % 80)
            quantity = "many" if broken_every and number % broken_every == 0 else str(1 + number % 30)
            file.write(
                f"D{number:06},Deal {number},Company {number % 300},Agent {number % 20},"
                f"{STAGES[number % 4]},{closed},{number % 500}.50,Heat Pump,{quantity},{promised}\n"
            )
    return path

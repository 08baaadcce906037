"""Numbers and times as people write them."""


def counted(number: int, noun: str) -> str:
    """`1 cramp`, `3 cramps`, `0 cramps`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def hours_and_minutes(seconds: float) -> str:
    """`7 h 31 min`; under an hour `12 min`, under a minute `48 s`."""
    minutes = int(seconds // 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min" if minutes else f"{seconds:.0f} s"

"""Numbers and times as people write them."""


def counted(number: int, noun: str) -> str:
    """`1 cramp`, `3 cramps`, `0 cramps`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def hours_and_minutes(seconds: float) -> str:
    """`7 h 31 min`; under an hour `12 min`, under ten minutes `2 min 54 s`, under one `48 s`."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours} h {minutes:02d} min"
    if minutes >= 10:
        return f"{minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"

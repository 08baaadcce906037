"""Sentences of the catalogue, the wearer's wall clock, and the templates they are put into."""

import re
from datetime import date, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import jinja2
from markupsafe import Markup, escape

from collector.contract.messages import NS
from collector.contract.nights import bounds_ns, night_of
from collector.contract.topics import Place
from detector.catalogue import Catalogue

COMMAND = re.compile(r"`([^`]*)`")
TEMPLATES = files("crampwatch.page") / "templates"


class Wording:
    """One language, one time zone."""

    def __init__(self, catalogue: Catalogue, zone: ZoneInfo) -> None:
        self.zone = zone
        self.language = catalogue.language
        self.say = catalogue.say
        self._months = self.say("page.months").split()
        self._templates = jinja2.Environment(
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            loader=jinja2.FunctionLoader(lambda name: (TEMPLATES / name).read_text("utf-8")),
        )
        self._templates.filters["commands"] = commands
        self._templates.globals.update(say=self.say, language=self.language)

    def page(self, template: str, **shown: object) -> str:
        """A template with what it shows."""
        return self._templates.get_template(f"{template}.html.jinja").render(**shown)

    def clock(self, t_ns: int, now_ns: int) -> str:
        """`03:12`; with the date where it is not of this night, with the zone's name where the clocks change in it."""
        night = night_of(t_ns, self.zone)
        local = self.local(t_ns)
        noon, next_noon = (self.local(at_ns).utcoffset() for at_ns in bounds_ns(night, self.zone))
        time = f"{local:%H:%M}" if noon == next_noon else f"{local:%H:%M %Z}"
        return time if night == night_of(now_ns, self.zone) else f"{self.day(local.date())}, {time}"

    def local(self, t_ns: int) -> datetime:
        """The wall clock's date and time, to the second below."""
        return datetime.fromtimestamp(t_ns // NS, self.zone)

    def day(self, day: date) -> str:
        """`12 March`."""
        return self.say("page.day", day=day.day, month=self._months[day.month - 1])

    def night(self, night: date) -> str:
        """`12 to 13 March 2026`: the evening and the morning of a night."""
        morning = night + timedelta(days=1)
        return self.say("page.night_of", evening=self.day(night), morning=self.day(morning), year=morning.year)

    def duration(self, seconds: float) -> str:
        """`48 s`, `2 min 5 s`, `14 min`, `7 h 31 min`: short forms that are the same in many languages."""
        minutes, left_s = divmod(int(seconds), 60)
        hours, left_min = divmod(minutes, 60)
        parts = {"h": hours, "min": left_min, "s": left_s if minutes < 10 else 0}
        return " ".join(f"{number} {unit}" for unit, number in parts.items() if number) or "0 s"

    def duration_of(self, start_ns: int, end_ns: int) -> str:
        """How long it is from one moment to the other."""
        return self.duration((end_ns - start_ns) / NS)


def commands(sentence: str) -> Markup:
    """A sentence with what stands in backticks, a command to type, set apart."""
    return Markup(COMMAND.sub(r"<code>\1</code>", str(escape(sentence))))


def name_of(place: Place) -> str:
    """Who wears it where, as people say it."""
    return f"{place.wearer}, {place.site.replace('_', ' ')}"


def path_of(place: Place) -> str:
    """A place in an address and in a form; names hold nothing that would need escaping."""
    return f"{place.wearer}/{place.site}"

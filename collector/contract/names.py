"""What a wearer's pseudonym and a site may be called: safe as a topic level, a file name and a database tag."""

from typing import Annotated

import msgspec

PATTERN = r"^[a-z0-9_-]{1,64}\Z"
ALLOWED = "1 to 64 of the characters a-z, 0-9, _ and -"
"""The same for people."""

SMOKE_TEST = "zz-smoke-test"
"""The wearer that `crampwatch smoke` sends its test event as; nobody's alarm sounds for it. The last in any list of
wearers, so that it is not the one a dashboard opens with."""

Name = Annotated[str, msgspec.Meta(pattern=PATTERN)]
